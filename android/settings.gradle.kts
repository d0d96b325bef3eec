// Used when this folder is built alone; an app has its own settings.
pluginManagement {
  includeBuild("../node_modules/@react-native/gradle-plugin")
  repositories {
    google()
    mavenCentral()
    gradlePluginPortal()
  }
  // The versions of React Native's own template.
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
