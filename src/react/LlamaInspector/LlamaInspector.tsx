import { View } from 'react-native';

import { ControlsSection } from './ControlsSection';
import { LogSection } from './LogSection';
import { MemorySection } from './MemorySection';
import { ModelsSection } from './ModelsSection';
import { ScopesSection } from './ScopesSection';
import { SpeedSection } from './SpeedSection';

/** What `LlamaInspector` takes. */
export interface LlamaInspectorProps {
  /** Reloads JavaScript, where that can be done: the button for it is there if this is. */
  onReload?: () => void;
}

/**
 * What the engine does, for developers: models with their leases and owners, memory, tokens per second, conversations, the
 * flight recorder, and buttons for what the system does to an app. Inside `LlamaProvider`; it is as long as it is, so put it
 * into a `ScrollView`.
 */
export function LlamaInspector({ onReload }: LlamaInspectorProps) {
  return (
    <View style={{ gap: 12 }}>
      <ModelsSection />
      <MemorySection />
      <SpeedSection />
      <ScopesSection />
      <ControlsSection onReload={onReload} />
      <LogSection />
    </View>
  );
}
