package android.os

/**
 * Replaces Android's class of this name. Has the properties of a phone with Android 15 that the framework reads.
 */
object SystemProperties {
  private val values =
    mapOf(
      "ro.build.version.sdk" to "35",
      "ro.build.version.codename" to "REL",
      "ro.build.version.all_codenames" to "REL",
      "ro.product.cpu.abilist32" to "armeabi-v7a",
    )

  @JvmStatic fun get(key: String): String = values[key].orEmpty()

  @JvmStatic fun get(key: String, otherwise: String?): String? = values[key] ?: otherwise

  @JvmStatic fun getInt(key: String, otherwise: Int): Int = values[key]?.toInt() ?: otherwise

  @JvmStatic fun getLong(key: String, otherwise: Long): Long = values[key]?.toLong() ?: otherwise

  @JvmStatic fun getBoolean(key: String, otherwise: Boolean): Boolean = values[key]?.toBoolean() ?: otherwise
}
