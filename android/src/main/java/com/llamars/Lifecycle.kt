package com.llamars

import android.app.Activity
import android.app.Application
import android.os.Build
import android.os.Bundle
import android.os.PowerManager
import com.llamars.port.Answer
import com.llamars.port.ModelManager
import org.json.JSONArray
import org.json.JSONObject

/** Suspends the manager in the background, resumes it in the foreground, and passes on the device's heat. */
internal class Lifecycle(private val manager: ModelManager, private val application: Application) :
  Application.ActivityLifecycleCallbacks {
  private val shown = mutableSetOf<Activity>()

  /** The answer to a suspension that waits for generations. `GenerationService` waits for it. */
  var background: Answer? = null
    private set

  override fun onActivityStarted(activity: Activity) {
    if (shown.isEmpty()) tell("""{ "requestId": "foreground", "type": "resume" }""")
    shown += activity
  }

  // An activity that started before the module existed is noticed when it is resumed or paused.
  override fun onActivityResumed(activity: Activity) {
    shown += activity
  }

  override fun onActivityPaused(activity: Activity) {
    shown += activity
  }

  override fun onActivityStopped(activity: Activity) {
    shown -= activity
    // An activity that is recreated, because the screen was turned, is back at once.
    if (shown.isEmpty() && !activity.isChangingConfigurations) suspend()
  }

  private fun suspend() {
    if (isGenerating() && GenerationService.start(application)) {
      val command = """{ "requestId": "background", "type": "suspend", "deadlineMs": 5000, "after": "generations" }"""
      background = manager.ask(command)
    } else {
      suspendNow()
    }
  }

  private fun isGenerating(): Boolean {
    val snapshot = manager.connect().use { JSONObject(it.snapshot()) }
    val phases = snapshot.getJSONArray("generations").objects().map { it.getJSONObject("phase").getString("type") }
    return phases.any { it != "finished" }
  }

  /** Suspends at once. Running generations wait for `resume`. */
  fun suspendNow() = tell("""{ "requestId": "background", "type": "suspend", "deadlineMs": 5000 }""")

  /** Passes on the device's heat, on Android 10 and newer. The listener is called with the current state at once. */
  fun listenToHeat(power: PowerManager) {
    if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.Q) power.addThermalStatusListener(Runnable::run, ::setHeat)
  }

  private fun setHeat(status: Int) {
    val heat =
      when (status) {
        PowerManager.THERMAL_STATUS_NONE -> "nominal"
        PowerManager.THERMAL_STATUS_LIGHT -> "fair"
        PowerManager.THERMAL_STATUS_MODERATE, PowerManager.THERMAL_STATUS_SEVERE -> "serious"
        else -> "critical"
      }
    tell("""{ "requestId": "heat", "type": "setHeat", "heat": "$heat" }""")
  }

  private fun tell(command: String) = manager.ask(command).close()

  override fun onActivityCreated(activity: Activity, state: Bundle?) = Unit

  override fun onActivitySaveInstanceState(activity: Activity, state: Bundle) = Unit

  override fun onActivityDestroyed(activity: Activity) = Unit
}

internal fun JSONArray.objects(): List<JSONObject> = (0 until length()).map(::getJSONObject)
