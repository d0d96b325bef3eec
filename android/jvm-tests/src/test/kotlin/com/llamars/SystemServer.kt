package com.llamars

import android.app.ActivityManager
import android.app.IActivityManager
import android.app.INotificationManager
import android.app.Notification
import android.app.NotificationChannel
import android.app.NotificationManager
import android.content.Context
import android.content.pm.ApplicationInfo
import android.content.pm.PackageManager
import android.content.pm.ParceledListSlice
import android.content.res.Resources
import android.os.IThermalService
import android.os.IThermalStatusListener
import android.util.Singleton
import java.lang.reflect.Proxy
import java.util.concurrent.LinkedBlockingQueue
import net.bytebuddy.ByteBuddy
import net.bytebuddy.description.method.MethodDescription
import net.bytebuddy.implementation.InvocationHandlerAdapter
import net.bytebuddy.implementation.StubMethod
import net.bytebuddy.matcher.ElementMatchers.isAbstract
import net.bytebuddy.matcher.ElementMatchers.isDeclaredBy
import net.bytebuddy.matcher.ElementMatchers.named
import net.bytebuddy.matcher.ElementMatchers.takesArguments
import org.objenesis.ObjenesisHelper

/** Plays the system behind Binder, which a desktop does not have: the framework's calls to the system come here. */
internal object SystemServer {
  /** The result of `ActivityManager.getMemoryInfo`: plenty of memory, unless a test sets less. */
  @Volatile var memory = ActivityManager.MemoryInfo().also { it.availMem = 4L shl 30; it.threshold = 1L shl 30 }
  /** One entry for each call of `getMemoryInfo`. */
  val asked = LinkedBlockingQueue<Unit>()

  /** The listener that the framework has registered for the device's heat. */
  lateinit var heat: IThermalStatusListener
  val channels = mutableListOf<NotificationChannel>()

  /** The notifications of foreground services. */
  val shown = LinkedBlockingQueue<Notification>()

  /** The start ids of services that have stopped themselves. */
  val stopped = LinkedBlockingQueue<Int>()

  val activities: IActivityManager = answering { method, arguments ->
    when (method) {
      "getMemoryInfo" -> {
        val info = arguments[0] as ActivityManager.MemoryInfo
        info.availMem = memory.availMem
        info.threshold = memory.threshold
        null.also { asked += Unit }
      }
      "setServiceForeground" -> null.also { shown += arguments[3] as Notification }
      "stopServiceToken" -> true.also { stopped += arguments[2] as Int }
      else -> error("the tests do not play $method")
    }
  }

  val thermal: IThermalService = answering { method, arguments ->
    check(method == "registerThermalStatusListener")
    heat = arguments[0] as IThermalStatusListener
    true
  }

  private val notifications: INotificationManager = answering { method, arguments ->
    check(method == "createNotificationChannels")
    channels += (arguments[1] as ParceledListSlice<*>).list.map { it as NotificationChannel }
    null
  }

  init {
    val singleton = ActivityManager::class.java.getDeclaredField("IActivityManagerSingleton")
    singleton.isAccessible = true
    val instance = Singleton::class.java.getDeclaredField("mInstance").apply { isAccessible = true }
    instance.set(singleton.get(null), activities)
    NotificationManager::class.java.getDeclaredField("sService").apply { isAccessible = true }.set(null, notifications)
  }

  fun notificationManager(context: Context): NotificationManager =
    NotificationManager::class
      .java
      .declaredConstructors
      .first { it.parameterCount == 2 }
      .apply { isAccessible = true }
      .newInstance(context, null) as NotificationManager

  /** Resources without a file: every colour is 0, and every switch is off. */
  val resources: Resources =
    ObjenesisHelper.newInstance(
      ByteBuddy()
        .subclass(Resources::class.java)
        .method(isDeclaredBy(Resources::class.java))
        .intercept(StubMethod.INSTANCE)
        .make()
        .load(javaClass.classLoader)
        .loaded
    )

  /** Makes a package manager that knows only this app. */
  fun packageManager(info: () -> ApplicationInfo): PackageManager =
    ByteBuddy()
      .subclass(PackageManager::class.java)
      .method(isAbstract())
      .intercept(StubMethod.INSTANCE)
      .method(named<MethodDescription>("getApplicationInfo").and(takesArguments(String::class.java, Int::class.java)))
      .intercept(InvocationHandlerAdapter.of { _, _, _ -> info() })
      .make()
      .load(javaClass.classLoader)
      .loaded
      .getDeclaredConstructor()
      .newInstance()

  private inline fun <reified T : Any> answering(crossinline answer: (String, Array<out Any?>) -> Any?): T =
    Proxy.newProxyInstance(T::class.java.classLoader, arrayOf(T::class.java)) { proxy, method, arguments ->
      if (method.name == "asBinder") null else answer(method.name, arguments.orEmpty())
    } as T
}
