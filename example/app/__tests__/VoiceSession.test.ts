import { VoiceSession } from '../voice/VoiceSession';
import { scriptedTranscriber } from './scriptedTranscriber';

function open() {
  const transcriber = scriptedTranscriber();
  let now = 1000;
  const session = new VoiceSession(transcriber, () => now);
  const listener = { onPartial: jest.fn(), onHeard: jest.fn(), onLost: jest.fn() };
  session.start('en-US', listener);
  return { session, transcriber, listener, pass: (ms: number) => (now += ms), state: session.state.getSnapshot };
}

test('a recording opens, listens, recognises, and tells what was said and how long that took', () => {
  const { session, transcriber, listener, pass, state } = open();
  expect(state()).toEqual({ type: 'opening' });
  transcriber.hearing.onOpen();
  transcriber.hearing.onLevel(0.5);
  transcriber.hearing.onPartial('my name');
  expect(state()).toEqual({ type: 'listening', level: 0.5, partial: 'my name' });
  session.finish();
  expect(state()).toEqual({ type: 'recognising', partial: 'my name' });
  pass(120);
  transcriber.hearing.onEnd({ type: 'heard', text: ' my name is alice ' });
  expect(state()).toEqual({ type: 'idle' });
  expect(listener.onHeard.mock.calls).toEqual([['my name is alice', 120]]);
  expect(listener.onLost).not.toHaveBeenCalled();
});

test('what is heard so far is told as it changes, beginning with nothing', () => {
  const { transcriber, listener } = open();
  expect(listener.onPartial.mock.calls).toEqual([['']]);
  transcriber.hearing.onPartial('what');
  transcriber.hearing.onPartial('what is');
  expect(listener.onPartial.mock.calls).toEqual([[''], ['what'], ['what is']]);
});

test('a level that comes after the end of the recording does not bring the microphone back', () => {
  const { session, transcriber, state } = open();
  session.finish();
  transcriber.hearing.onLevel(0.5);
  expect(state().type).toBe('recognising');
});

test('the microphone is one: a second start changes nothing, a second finish neither', () => {
  const { session, transcriber } = open();
  session.start('en-US', { onPartial: jest.fn(), onHeard: jest.fn(), onLost: jest.fn() });
  session.finish();
  session.finish();
  expect(transcriber.calls).toEqual(['start en-US', 'finish']);
});

test('silence is a problem', () => {
  const { session, transcriber, listener, state } = open();
  session.finish();
  transcriber.hearing.onEnd({ type: 'heard', text: ' ' });
  expect(state()).toEqual({ type: 'idle', problem: 'noSpeech' });
  expect(listener.onHeard).not.toHaveBeenCalled();
});

test.each(['permissionDenied', 'noMicrophone', 'interrupted', 'unavailable'] as const)(
  '%s keeps what was heard',
  (problem) => {
    const { session, transcriber, listener, state } = open();
    transcriber.hearing.onPartial('half a');
    transcriber.hearing.onEnd({ type: 'failed', problem });
    expect(state()).toEqual({ type: 'idle', problem });
    expect(listener.onLost.mock.calls).toEqual([['half a']]);
    session.dismiss();
    expect(state()).toEqual({ type: 'idle' });
  },
);

test('a recording that is discarded is nowhere; one that a screen leaves behind is a draft', () => {
  const first = open();
  first.transcriber.hearing.onPartial('never mind');
  first.session.cancel();
  expect(first.listener.onLost).not.toHaveBeenCalled();
  expect(first.state()).toEqual({ type: 'idle' });

  const second = open();
  second.transcriber.hearing.onPartial('half a');
  second.session.cancel('interrupted');
  expect(second.listener.onLost.mock.calls).toEqual([['half a']]);
  expect(second.state()).toEqual({ type: 'idle', problem: 'interrupted' });
  expect(second.transcriber.calls).toEqual(['start en-US', 'cancel']);
});
