// What Go says of a text that is no JSON: the same automaton as encoding/json's scanner, asked only where JSON.parse has refused the text.

/** Undefined where Go would take the text. */
export function goSyntaxError(text: string): string | undefined {
  const scanner = new Scanner();
  for (const char of text) {
    const error = scanner.take(char);
    if (error !== undefined) return error;
  }
  if (!scanner.done) scanner.take(' ');
  return scanner.done ? undefined : 'unexpected end of JSON input';
}

type Step = (char: string) => string | undefined;

class Scanner {
  /** The top-level value is whole. */
  done = false;
  /** Around the place that is read: what comes next there. */
  readonly #around: ('key' | 'value' | 'item')[] = [];
  #step: Step = (char) => this.#value(char);

  /** What is wrong with the next character. */
  take(char: string): string | undefined {
    return this.#step(char);
  }

  #go(step: Step): undefined {
    this.#step = step;
    return undefined;
  }

  #value(char: string): string | undefined {
    if (isSpace(char)) return undefined;
    switch (char) {
      case '{':
        this.#around.push('key');
        return this.#go((next) => (next === '}' ? this.#close() : isSpace(next) ? undefined : this.#key(next)));
      case '[':
        this.#around.push('item');
        return this.#go((next) => (next === ']' ? this.#close() : this.#value(next)));
      case '"':
        return this.#string();
      case '-':
        return this.#go((next) => (isDigit(next) ? this.#integer(next) : wrong(next, 'in numeric literal')));
      case 't':
        return this.#literal('true', 1);
      case 'f':
        return this.#literal('false', 1);
      case 'n':
        return this.#literal('null', 1);
      default:
        return isDigit(char) ? this.#integer(char) : wrong(char, 'looking for beginning of value');
    }
  }

  #key(char: string): string | undefined {
    if (isSpace(char)) return undefined;
    return char === '"' ? this.#string() : wrong(char, 'looking for beginning of object key string');
  }

  #string(): undefined {
    return this.#go((char) => {
      if (char === '"') return this.#go((next) => this.#after(next));
      if (char === '\\') return this.#go((next) => this.#escape(next));
      return char < ' ' ? wrong(char, 'in string literal') : undefined;
    });
  }

  #escape(char: string): string | undefined {
    if ('bfnrt\\/"'.includes(char)) return this.#string();
    if (char !== 'u') return wrong(char, 'in string escape code');
    let digits = 0;
    return this.#go((next) => {
      if (!/[0-9a-fA-F]/.test(next)) return wrong(next, 'in \\u hexadecimal character escape');
      digits += 1;
      return digits === 4 ? this.#string() : undefined;
    });
  }

  #literal(word: string, at: number): undefined {
    return this.#go((char) => {
      const expected = word[at] ?? '';
      if (char !== expected) return wrong(char, `in literal ${word} (expecting ${quoted(expected)})`);
      return at + 1 === word.length ? this.#go((next) => this.#after(next)) : this.#literal(word, at + 1);
    });
  }

  #integer(first: string): undefined {
    return this.#go((char) => {
      if (first !== '0' && isDigit(char)) return undefined;
      if (char !== '.') return this.#exponent(char);
      return this.#go((next) =>
        isDigit(next) ? this.#fraction() : wrong(next, 'after decimal point in numeric literal'),
      );
    });
  }

  #fraction(): undefined {
    return this.#go((char) => (isDigit(char) ? undefined : this.#exponent(char)));
  }

  #exponent(char: string): string | undefined {
    if (char !== 'e' && char !== 'E') return this.#after(char);
    const digits: Step = (next) =>
      isDigit(next)
        ? this.#go((more) => (isDigit(more) ? undefined : this.#after(more)))
        : wrong(next, 'in exponent of numeric literal');
    return this.#go((next) => (next === '+' || next === '-' ? this.#go(digits) : digits(next)));
  }

  #close(): undefined {
    this.#around.pop();
    return this.#go((char) => this.#after(char));
  }

  #after(char: string): string | undefined {
    this.#step = (next) => this.#after(next);
    const place = this.#around.at(-1);
    if (place === undefined) this.done = true;
    if (isSpace(char)) return undefined;
    switch (place) {
      case undefined:
        return wrong(char, 'after top-level value');
      case 'key':
        if (char !== ':') return wrong(char, 'after object key');
        this.#around[this.#around.length - 1] = 'value';
        return this.#go((next) => this.#value(next));
      case 'value':
        if (char === '}') return this.#close();
        if (char !== ',') return wrong(char, 'after object key:value pair');
        this.#around[this.#around.length - 1] = 'key';
        return this.#go((next) => this.#key(next));
      case 'item':
        if (char === ']') return this.#close();
        return char === ',' ? this.#go((next) => this.#value(next)) : wrong(char, 'after array element');
    }
  }
}

function wrong(char: string, where: string): string {
  return `invalid character ${quoted(char)} ${where}`;
}

/** Go reads bytes: of a character that has several it tells the first. */
function quoted(char: string): string {
  if (char === "'") return "'\\''";
  if (char === '"') return `'"'`;
  const byte = String.fromCharCode(Buffer.from(char)[0] ?? 0);
  if (byte >= '\u0080' && byte < '\u00a1') return `'\\u00${byte.charCodeAt(0).toString(16)}'`;
  if (byte === '\u0007') return "'\\a'";
  if (byte === '\u000b') return "'\\v'";
  if (byte === '\u007f') return "'\\x7f'";
  if (byte < ' ' && !'\b\f\n\r\t'.includes(byte)) return `'\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}'`;
  return `'${JSON.stringify(byte).slice(1, -1)}'`;
}

function isSpace(char: string): boolean {
  return char === ' ' || char === '\t' || char === '\r' || char === '\n';
}

function isDigit(char: string): boolean {
  return char >= '0' && char <= '9';
}
