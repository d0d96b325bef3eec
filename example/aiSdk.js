// What an app imports for the AI SDK; ours first, because some classes of `ai` extend a stream as they are defined. The example
// does not use it: its bundle is what is checked.
import 'react-native-llama-rs/ai-sdk';
import 'ai';
