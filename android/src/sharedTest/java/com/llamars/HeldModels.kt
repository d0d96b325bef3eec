package com.llamars

/** Three models that tell the levels of `trim` apart: one is leased last, one is leased earlier, and one is idle. */
internal class HeldModels(private val javaScript: JavaScript) {
  private val idle = Models.path()
  private val earlier = Models.path()
  private val latest = Models.path()

  fun load() {
    javaScript.load(idle)
    javaScript.load(earlier, isHeld = true)
    javaScript.load(latest, isHeld = true)
  }

  /** Returns the level of the trim so far, after all earlier commands. */
  fun trimmed(): String? {
    // A trim of no higher level than an earlier one is answered together with that one.
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
