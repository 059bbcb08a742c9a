import { describe, expect, it } from 'vitest';
import { Message } from './protobuf';

const hex = (message: Message) =>
  Array.from(message.finish(), (byte) => byte.toString(16).padStart(2, '0')).join(' ');

// The first three are the examples of https://protobuf.dev/programming-guides/encoding.
describe('protocol buffers', () => {
  it('writes 150 in field 1 as 08 96 01', () => {
    expect(hex(new Message().integer(1, 150))).toBe('08 96 01');
  });

  it('writes "testing" in field 2 with its length', () => {
    expect(hex(new Message().text(2, 'testing'))).toBe('12 07 74 65 73 74 69 6e 67');
  });

  it('writes a message in field 3 with its length', () => {
    expect(hex(new Message().message(3, new Message().integer(1, 150)))).toBe('1a 03 08 96 01');
  });

  it('writes a negative number in ten bytes, a float in four, a field past 15 in a key of two', () => {
    expect(hex(new Message().integer(1, -1))).toBe('08 ff ff ff ff ff ff ff ff ff 01');
    expect(hex(new Message().float(2, 1))).toBe('15 00 00 80 3f');
    expect(hex(new Message().integer(20, 7))).toBe('a0 01 07');
  });

  it('writes whole numbers past 32 bits, and refuses what is none', () => {
    expect(hex(new Message().integer(1, 2 ** 40))).toBe('08 80 80 80 80 80 20');
    expect(() => new Message().integer(1, 0.5)).toThrow('got 0.5');
    expect(() => new Message().integer(1, 2 ** 60)).toThrow('2^53');
  });
});
