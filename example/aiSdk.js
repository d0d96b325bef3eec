// The imports of an app that uses the AI SDK. Ours comes first, because some classes of `ai` extend a stream when they
// are defined. The example itself does not use this file: the bundle check does.
import 'react-native-llama-rs/ai-sdk';
import 'ai';
