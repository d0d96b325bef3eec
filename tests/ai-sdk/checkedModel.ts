import type { LanguageModelV4 } from '@ai-sdk/provider';
import { wrapLanguageModel } from 'ai';

import { checkStreamParts, type StreamPart } from 'react-native-llama-rs/testing';

/** A model whose streams are recorded. `check` fails if one of them broke a rule of their order. */
export function checkedModel(model: LanguageModelV4): { model: LanguageModelV4; check: () => void } {
  const streams: StreamPart[][] = [];
  const checked = wrapLanguageModel({
    model,
    middleware: {
      specificationVersion: 'v4',
      async wrapStream({ doStream }) {
        const result = await doStream();
        const parts: StreamPart[] = [];
        streams.push(parts);
        const note = new TransformStream<StreamPart, StreamPart>({
          transform(part, controller) {
            parts.push(part);
            controller.enqueue(part);
          },
        });
        return { ...result, stream: result.stream.pipeThrough(note as never) };
      },
    },
  });
  return {
    model: checked,
    check: () => {
      expect(streams.length).toBeGreaterThan(0);
      expect(streams.flatMap(checkStreamParts)).toEqual([]);
    },
  };
}
