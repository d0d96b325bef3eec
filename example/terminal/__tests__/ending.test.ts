import { LlamaError } from '../../../src/core/LlamaError';
import { Untrue } from '../claim';
import { ending } from '../ending';

// The package's own name leads to the built package, which a test of the sources does not need.
jest.mock('react-native-llama-rs', () => jest.requireActual<object>('../../../src/core/LlamaError'), { virtual: true });

describe('the end of the program', () => {
  it.each([
    [new Untrue('Bob was answered “Alice”'), 1, 'A claim of the demo does not hold: Bob was answered “Alice”.'],
    [new LlamaError('modelNotFound', 'no file at chat.gguf - name another'), 2, 'no file at chat.gguf - name another'],
    [new LlamaError('storageUnavailable', 'in use already'), 1, 'in use already'],
  ])('after %s', (error, code, sentence) => {
    expect(ending(error)).toEqual({ code, sentence });
  });

  it('is left to Node after an error that nobody foresaw', () => {
    const error = new TypeError('a defect');
    expect(() => ending(error)).toThrow(error);
  });
});
