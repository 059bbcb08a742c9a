/**
 * ONNX's messages: model, graph, node, tensor. Knows the numbers of their fields and nothing of any network.
 * Format: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto, IR version 8, operator set 17.
 */
import { Message } from './protobuf';

/** What ONNX Runtime has read since 2022, and what its kernels for WebGPU cover. */
const IR_VERSION = 8;
export const OPERATOR_SET = 17;

/** No protocol buffer may be larger. */
const LARGEST_FILE = 2 ** 31 - 1;

const ELEMENT = { float: 1, int32: 6, int64: 7 } as const;
const ATTRIBUTE = { float: 1, integer: 2, integers: 7 } as const;

export type Attribute = { float: number } | { integer: number } | { integers: readonly number[] };

export interface Node {
  operator: string;
  /** Of a runtime's own operators; absent for the standard ones. */
  domain?: string;
  inputs: readonly string[];
  outputs: readonly string[];
  attributes?: Readonly<Record<string, Attribute>>;
}

/** A constant; row-major. */
export interface Initializer {
  name: string;
  shape: readonly number[];
  data: Float32Array | readonly number[];
}

/** An input or output of a graph. A size is a number, or a name where it is open. */
export interface Value {
  name: string;
  element: keyof typeof ELEMENT;
  shape: readonly (number | string)[];
}

export interface Graph {
  name: string;
  nodes: readonly Node[];
  initializers: readonly Initializer[];
  inputs: readonly Value[];
  outputs: readonly Value[];
}

/**
 * The bytes of a .onnx file.
 * @param metadata texts that readers show and nobody computes with.
 * @throws RangeError when it would be larger than a protocol buffer may be.
 */
export function modelBytes(
  graph: Graph,
  metadata: Readonly<Record<string, string>>,
): Uint8Array<ArrayBuffer> {
  const model = new Message()
    .integer(1, IR_VERSION)
    .text(2, 'masa-lab')
    .message(7, graphMessage(graph))
    .message(8, new Message().text(1, '').integer(2, OPERATOR_SET))
    .messages(
      8,
      domainsOf(graph).map((domain) => new Message().text(1, domain).integer(2, 1)),
    )
    .messages(
      14,
      Object.entries(metadata).map(([key, value]) => new Message().text(1, key).text(2, value)),
    );
  if (model.length > LARGEST_FILE)
    throw new RangeError(
      `onnx: expected a model of at most ${LARGEST_FILE} bytes, the most a .onnx file can hold, got ${model.length}; export it with --hf`,
    );
  return model.finish();
}

function graphMessage({ name, nodes, initializers, inputs, outputs }: Graph): Message {
  return new Message()
    .messages(1, nodes.map(nodeMessage))
    .text(2, name)
    .messages(5, initializers.map(tensorMessage))
    .messages(11, inputs.map(valueMessage))
    .messages(12, outputs.map(valueMessage));
}

const domainsOf = ({ nodes }: Graph) => [...new Set(nodes.flatMap(({ domain }) => domain ?? []))];

function nodeMessage({ operator, domain, inputs, outputs, attributes = {} }: Node): Message {
  const node = new Message();
  for (const name of inputs) node.text(1, name);
  for (const name of outputs) node.text(2, name);
  // Outputs have names of their own, so the first one is a name for the node as well.
  node.text(3, outputs[0]).text(4, operator).messages(5, Object.entries(attributes).map(attributeMessage));
  return domain === undefined ? node : node.text(7, domain);
}

function attributeMessage([name, value]: [string, Attribute]): Message {
  const attribute = new Message().text(1, name);
  if ('float' in value) return attribute.float(2, value.float).integer(20, ATTRIBUTE.float);
  if ('integer' in value) return attribute.integer(3, value.integer).integer(20, ATTRIBUTE.integer);
  return attribute.integers(8, value.integers).integer(20, ATTRIBUTE.integers);
}

function tensorMessage({ name, shape, data }: Initializer): Message {
  const isFloat = data instanceof Float32Array;
  // Little-endian, as the format asks and as every host that runs this is.
  const raw = isFloat ? data : BigInt64Array.from(data, BigInt);
  return new Message()
    .integers(1, shape)
    .integer(2, isFloat ? ELEMENT.float : ELEMENT.int64)
    .text(8, name)
    .bytes(9, new Uint8Array(raw.buffer, raw.byteOffset, raw.byteLength));
}

function valueMessage({ name, element, shape }: Value): Message {
  const sizes = shape.map((size) =>
    typeof size === 'number' ? new Message().integer(1, size) : new Message().text(2, size),
  );
  const tensor = new Message().integer(1, ELEMENT[element]).message(2, new Message().messages(1, sizes));
  return new Message().text(1, name).message(2, new Message().message(1, tensor));
}
