// Declares for iOS that an app may take more memory than usual, in its entitlements, and whether an answer may be
// finished in the background, in its Info.plist (ios/Lifecycle.swift reads it).
import { withEntitlementsPlist, withInfoPlist } from '@expo/config-plugins';

const INCREASED_MEMORY = 'com.apple.developer.kernel.increased-memory-limit';
const FINISH_IN_BACKGROUND = 'LlamaFinishInBackground';

export const withIos = (config, { finishInBackground }) =>
  withInfoPlist(withIncreasedMemory(config), (config) => {
    if (finishInBackground) {
      config.modResults[FINISH_IN_BACKGROUND] = true;
    } else {
      // An earlier prebuild may have added it.
      delete config.modResults[FINISH_IN_BACKGROUND];
    }
    return config;
  });

const withIncreasedMemory = (config) =>
  withEntitlementsPlist(config, (config) => {
    config.modResults[INCREASED_MEMORY] = true;
    return config;
  });
