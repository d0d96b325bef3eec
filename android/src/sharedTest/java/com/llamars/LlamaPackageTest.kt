package com.llamars

import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFalse
import kotlin.test.assertNull
import kotlin.test.assertTrue

class LlamaPackageTest {
  private val modules = LlamaPackage()

  @Test
  fun the_module_is_made_by_its_name_and_no_other_is() {
    val module = modules.getModule("LlamaRs", Host.context()) as LlamaModule
    assertEquals("LlamaRs", module.name)
    module.invalidate()
    assertNull(modules.getModule("Camera", Host.context()))
  }

  @Test
  fun the_module_is_a_TurboModule_that_is_made_when_JavaScript_asks() {
    val (name, info) = modules.getReactModuleInfoProvider().getReactModuleInfos().entries.single()
    assertEquals("LlamaRs", name)
    assertEquals("LlamaRs", info.name)
    assertEquals("com.llamars.LlamaModule", info.className)
    assertTrue(info.isTurboModule)
    assertFalse(info.isCxxModule)
    assertFalse(info.needsEagerInit)
    assertFalse(info.canOverrideExistingModule)
  }
}
