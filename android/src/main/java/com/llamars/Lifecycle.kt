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

/** Tells the manager when the app goes to the background, when it comes back, and how hot the device is. */
internal class Lifecycle(private val manager: ModelManager, private val application: Application) :
  Application.ActivityLifecycleCallbacks {
  private val shown = mutableSetOf<Activity>()

  /** Comes when a suspension that waits for generations is over; for `GenerationService`. */
  var background: Answer? = null
    private set

  override fun onActivityStarted(activity: Activity) {
    if (shown.isEmpty()) tell("""{ "requestId": "foreground", "type": "resume" }""")
    shown += activity
  }

  // An activity that was started before there was a module shows itself by what happens to it next.
  override fun onActivityResumed(activity: Activity) {
    shown += activity
  }

  override fun onActivityPaused(activity: Activity) {
    shown += activity
  }

  override fun onActivityStopped(activity: Activity) {
    shown -= activity
    // One that is made anew, for a turned screen, is back at once.
    if (shown.isEmpty() && !activity.isChangingConfigurations) suspend()
  }

  private fun suspend() {
    if (isGenerating() && GenerationService.start(application)) {
      background = manager.ask("""{ "requestId": "background", "type": "suspend", "deadlineMs": 5000, "after": "generations" }""")
    } else {
      suspendNow()
    }
  }

  private fun isGenerating(): Boolean {
    val snapshot = manager.connect().use { JSONObject(it.snapshot()) }
    return snapshot.getJSONArray("generations").objects().any { it.getJSONObject("phase").getString("type") != "finished" }
  }

  /** Whatever is being generated waits for `resume`. */
  fun suspendNow() = tell("""{ "requestId": "background", "type": "suspend", "deadlineMs": 5000 }""")

  /** Systems before Android 10 do not say. The listener hears the present state at once. */
  fun hearOfHeat(power: PowerManager) {
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
