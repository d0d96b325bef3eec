package com.llamars

import net.bytebuddy.agent.ByteBuddyAgent
import net.bytebuddy.agent.builder.AgentBuilder
import net.bytebuddy.description.method.MethodDescription
import net.bytebuddy.description.type.TypeDescription
import net.bytebuddy.implementation.MethodDelegation
import net.bytebuddy.implementation.StubMethod
import net.bytebuddy.matcher.ElementMatchers.isNative
import net.bytebuddy.matcher.ElementMatchers.nameStartsWith
import net.bytebuddy.matcher.ElementMatchers.named

/**
 * Android's framework on a desktop. Its Java code is real. Its C++ code is missing, so native methods return nothing.
 */
internal object Framework {
  /** Call this before the first class of the framework is used. */
  fun load() {
    AgentBuilder.Default()
      .with(AgentBuilder.TypeStrategy.Default.REDEFINE)
      .type(
        nameStartsWith<TypeDescription>("android.")
          .or(nameStartsWith("com.android."))
          .or(nameStartsWith("dalvik."))
      )
      .transform { type, _, _, _, _ ->
        type
          .method(isNative())
          .intercept(StubMethod.INSTANCE)
          .method(isNative<MethodDescription>().and(named("newUnpaddedArray")))
          .intercept(MethodDelegation.to(Arrays::class.java))
      }
      .installOn(ByteBuddyAgent.install())
  }

  /** Makes the arrays that every class of the framework needs before its first method. */
  object Arrays {
    @JvmStatic
    fun newUnpaddedArray(type: Class<*>, length: Int): Any = java.lang.reflect.Array.newInstance(type, length)
  }
}
