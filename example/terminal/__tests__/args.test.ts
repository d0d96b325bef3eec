import { parseRequest } from '../args';

describe('the command line', () => {
  it.each([
    [[], { type: 'story', model: undefined }],
    [['--chat'], { type: 'chat', model: undefined, directory: undefined }],
    [['--model', 'a.gguf'], { type: 'story', model: 'a.gguf' }],
    [['--model=a.gguf', '--chat'], { type: 'chat', model: 'a.gguf', directory: undefined }],
    [['--chat', '--directory', 'kept'], { type: 'chat', model: undefined, directory: 'kept' }],
    [['--chat', '--help'], { type: 'help' }],
    [['-h'], { type: 'help' }],
  ])('%j is understood', (args, request) => {
    expect(parseRequest(args)).toEqual(request);
  });

  it.each([
    [['--loud'], "Unknown option '--loud'"],
    [['chat'], "Unexpected argument 'chat'"],
    [['--model'], "Option '--model <value>' argument missing"],
    [['--model='], '--model needs the path of a GGUF file'],
    [['--chat', '--directory='], '--directory needs the path of a folder'],
    [['--directory', 'kept'], '--directory is for --chat; the story keeps nothing'],
  ])('%j is refused in one sentence', (args, reason) => {
    expect(parseRequest(args)).toEqual({ type: 'refused', reason });
  });
});
