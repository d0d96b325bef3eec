package com.llamars

import com.facebook.react.BaseReactPackage
import com.facebook.react.bridge.NativeModule
import com.facebook.react.bridge.ReactApplicationContext
import com.facebook.react.module.model.ReactModuleInfo
import com.facebook.react.module.model.ReactModuleInfoProvider

/** Gives React Native's autolinking the module, by its name. */
class LlamaPackage : BaseReactPackage() {
  override fun getModule(name: String, reactContext: ReactApplicationContext): NativeModule? =
    if (name == NativeLlamaRsSpec.NAME) LlamaModule(reactContext) else null

  override fun getReactModuleInfoProvider() = ReactModuleInfoProvider {
    val module =
      ReactModuleInfo(
        name = NativeLlamaRsSpec.NAME,
        className = LlamaModule::class.java.name,
        canOverrideExistingModule = false,
        needsEagerInit = false,
        isCxxModule = false,
        isTurboModule = true,
      )
    mapOf(NativeLlamaRsSpec.NAME to module)
  }
}
