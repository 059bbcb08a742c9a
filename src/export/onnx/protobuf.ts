/**
 * Writes protocol buffer messages: the few kinds of field that ONNX needs, no reading and no schema files. A library
 * would be larger than this and bring a code generator.
 *
 * Format: https://protobuf.dev/programming-guides/encoding. Used by `schema.ts`, which knows the fields' numbers.
 */

const VARINT = 0;
const LENGTH_DELIMITED = 2;
const FIXED_32 = 5;

/** A message being written. Large values are kept as views and copied once, when the outermost message is finished. */
export class Message {
  readonly #pieces: Uint8Array[] = [];
  #length = 0;

  /** int64, int32 and enum fields. @throws RangeError unless it is a whole number that a double holds exactly. */
  integer(field: number, value: number): this {
    return this.#key(field, VARINT).#add(varint(value));
  }

  integers(field: number, values: readonly number[]): this {
    for (const value of values) this.integer(field, value);
    return this;
  }

  float(field: number, value: number): this {
    return this.#key(field, FIXED_32).#add(new Uint8Array(new Float32Array([value]).buffer));
  }

  text(field: number, value: string): this {
    return this.bytes(field, new TextEncoder().encode(value));
  }

  /** `value` is not copied: leave it unchanged until the message is finished. */
  bytes(field: number, value: Uint8Array): this {
    return this.#key(field, LENGTH_DELIMITED).#add(varint(value.length)).#add(value);
  }

  message(field: number, value: Message): this {
    this.#key(field, LENGTH_DELIMITED).#add(varint(value.#length));
    for (const piece of value.#pieces) this.#add(piece);
    return this;
  }

  messages(field: number, values: readonly Message[]): this {
    for (const value of values) this.message(field, value);
    return this;
  }

  get length(): number {
    return this.#length;
  }

  finish(): Uint8Array<ArrayBuffer> {
    const whole = new Uint8Array(this.#length);
    let at = 0;
    for (const piece of this.#pieces) {
      whole.set(piece, at);
      at += piece.length;
    }
    return whole;
  }

  #key(field: number, kind: number): this {
    return this.#add(varint(field * 8 + kind));
  }

  #add(piece: Uint8Array): this {
    this.#pieces.push(piece);
    this.#length += piece.length;
    return this;
  }
}

/** Seven bits a byte, the lowest first; a negative number is written as its 64-bit two's complement. */
function varint(value: number): Uint8Array {
  if (!Number.isSafeInteger(value))
    throw new RangeError(`protobuf: expected a whole number of at most 2^53, got ${value}`);
  const bytes: number[] = [];
  let left = BigInt.asUintN(64, BigInt(value));
  do {
    const low = Number(left & 0x7fn);
    left >>= 7n;
    bytes.push(left > 0n ? low | 0x80 : low);
  } while (left > 0n);
  return Uint8Array.from(bytes);
}
