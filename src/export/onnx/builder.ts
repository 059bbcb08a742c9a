/** Collects the nodes and constants of a graph, each operation a call that returns the name of its result. */
import type { Attribute, Initializer, Node } from './schema';

export class GraphBuilder {
  readonly nodes: Node[] = [];
  readonly initializers: Initializer[] = [];
  readonly #known = new Map<string, number>();

  /** Names begin with it: where in the network the operations are, such as `layers.0.`. */
  scope = '';

  /** A constant under its own name; the same name twice is the same constant. */
  constant(name: string, shape: readonly number[], data: Initializer['data']): string {
    if (!this.#known.has(name)) {
      this.#known.set(name, 1);
      this.initializers.push({ name, shape, data });
    }
    return name;
  }

  /** A list of whole numbers, [values]. */
  integers(...values: number[]): string {
    return this.constant(`integers ${values.join(' ')}`, [values.length], values);
  }

  /** A single whole number, []. */
  integer(value: number): string {
    return this.constant(`integer ${value}`, [], [value]);
  }

  /** A single float, []. */
  float(value: number): string {
    return this.constant(`float ${value}`, [], Float32Array.of(value));
  }

  /** An operation with one result; returns its name. */
  add(operator: string, inputs: readonly string[], attributes?: Record<string, Attribute>): string {
    return this.addMany(operator, inputs, 1, attributes)[0];
  }

  /** An operation with several results. */
  addMany(
    operator: string,
    inputs: readonly string[],
    count: number,
    attributes?: Record<string, Attribute>,
  ): string[] {
    const outputs = Array.from({ length: count }, () => this.#fresh(operator));
    this.nodes.push({ operator, inputs, outputs, attributes });
    return outputs;
  }

  /** Gives a result the name under which it leaves the graph. */
  output(name: string, value: string): void {
    this.nodes.push({ operator: 'Identity', inputs: [value], outputs: [name] });
  }

  #fresh(operator: string): string {
    const base = `${this.scope}${operator}`;
    const count = (this.#known.get(base) ?? 0) + 1;
    this.#known.set(base, count);
    return `${base}_${count}`;
  }
}
