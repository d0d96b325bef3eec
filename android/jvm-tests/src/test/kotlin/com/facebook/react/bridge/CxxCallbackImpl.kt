package com.facebook.react.bridge

/** Replaces React Native's class of this name, whose code is C++. Receives what a module emits. */
class CxxCallbackImpl(private val heard: (event: String, value: String) -> Unit) : Callback {
  override fun invoke(vararg args: Any?) {
    val (event, value) = args
    heard(event as String, value as String)
  }
}
