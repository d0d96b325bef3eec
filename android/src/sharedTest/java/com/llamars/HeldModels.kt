package com.llamars

/**
 * Three models by which the levels of `trim` can be told apart: one in use now, one in use earlier, one in nobody's.
 */
internal class HeldModels(private val javaScript: JavaScript) {
  private val idle = Models.path()
  private val earlier = Models.path()
  private val latest = Models.path()

  fun load() {
    javaScript.load(idle)
    javaScript.load(earlier, isHeld = true)
    javaScript.load(latest, isHeld = true)
  }

  /** How far the manager has trimmed, after all that was asked for before. */
  fun trimmed(): String? {
    // A trim that asks for no more than one before it is answered together with that one.
    javaScript.settle()
    val isIdleLeft = javaScript.status(idle) == "idle"
    val isEarlierLeft = javaScript.status(earlier) == "ready"
    if (!isIdleLeft) javaScript.ask("""{ "type": "trim", "level": "moderate" }""")
    check(javaScript.status(latest) == "ready")
    return when {
      isIdleLeft -> null
      javaScript.status(earlier) == "ready" && isEarlierLeft -> "moderate"
      else -> "critical"
    }
  }
}
