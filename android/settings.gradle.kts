// For building this folder alone: an app's own settings take its place there.
pluginManagement {
  includeBuild("../node_modules/@react-native/gradle-plugin")
  repositories {
    google()
    mavenCentral()
    gradlePluginPortal()
  }
  // What React Native's own template has.
  plugins {
    id("com.android.library") version "9.2.1"
    id("org.jetbrains.kotlin.android") version "2.2.0"
  }
}

dependencyResolutionManagement {
  repositories {
    google()
    mavenCentral()
  }
}

rootProject.name = "react-native-llama-rs"
