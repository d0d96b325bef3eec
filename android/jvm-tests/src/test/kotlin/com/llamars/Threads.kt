package com.llamars

import java.util.concurrent.TimeUnit

/** Waits until a thread of this name is in a method of this name. */
internal fun awaitThread(name: String, method: String) {
  val deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(PATIENCE_MS)
  while (Thread.getAllStackTraces().none { (thread, stack) -> thread.name == name && stack.isIn(method) }) {
    check(System.nanoTime() < deadline) { "no thread $name in $method" }
  }
}

private fun Array<StackTraceElement>.isIn(method: String): Boolean = any { it.methodName.startsWith(method) }
