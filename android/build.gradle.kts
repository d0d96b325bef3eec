import com.android.Version
import groovy.json.JsonSlurper
import org.jetbrains.kotlin.gradle.dsl.JvmTarget
import org.jetbrains.kotlin.gradle.tasks.KotlinJvmCompile

// Versions come from the app, or from settings.gradle.kts when this folder is built alone.
plugins {
  id("com.android.library")
  id("org.jetbrains.kotlin.android") apply false
  id("com.facebook.react")
}

// Since version 9 Android's plugin compiles Kotlin itself, unless the app turns that off, and refuses a second Kotlin
// plugin.
val kotlinIsBuiltIn =
  Version.ANDROID_GRADLE_PLUGIN_VERSION.substringBefore('.').toInt() >= 9 &&
    providers.gradleProperty("android.builtInKotlin").orNull != "false"
if (!kotlinIsBuiltIn) apply(plugin = "org.jetbrains.kotlin.android")

val isAlone = project == rootProject
// A published package has the libraries in src/main/jniLibs. A checkout builds them into that folder.
val isCheckout = file("../Cargo.toml").exists()

val abis =
  listOf("arm64-v8a", "x86_64").filter { abi ->
    abi in providers.gradleProperty("reactNativeArchitectures").getOrElse("arm64-v8a,x86_64").split(",")
  }

fun ofApp(name: String): String? = if (rootProject.extra.has(name)) rootProject.extra[name].toString() else null

android {
  namespace = "com.llamars"
  compileSdk = ofApp("compileSdkVersion")?.toInt() ?: 37
  ndkVersion = ofApp("ndkVersion") ?: "27.1.12297006"

  defaultConfig {
    minSdk = ofApp("minSdkVersion")?.toInt() ?: 24
    consumerProguardFiles("consumer-rules.pro")
    ndk { abiFilters += abis }
    testInstrumentationRunner = "androidx.test.runner.AndroidJUnitRunner"
  }

  compileOptions {
    sourceCompatibility = JavaVersion.VERSION_17
    targetCompatibility = JavaVersion.VERSION_17
  }

  sourceSets {
    // uniffi's classes.
    getByName("main") { kotlin.srcDir("generated") }
    // The tests that also run on a desktop, and the files that they read.
    getByName("androidTest") {
      kotlin.srcDir("src/sharedTest/java")
      assets.srcDirs("../models/tiny-chat", "../fixtures")
    }
  }
}

tasks.withType<KotlinJvmCompile>().configureEach { compilerOptions.jvmTarget.set(JvmTarget.JVM_17) }

if (isCheckout) {
  val buildNativeLibraries by
    tasks.registering(Exec::class) {
      description = "Builds the Rust library for ${abis.joinToString(" and ")}."
      workingDir = file("..")
      commandLine(listOf("scripts/build-android.sh") + abis)
      environment("ANDROID_NDK_HOME", androidComponents.sdkComponents.ndkDirectory.get().asFile.path)
    }
  tasks.named("preBuild") { dependsOn(buildNativeLibraries) }
}

dependencies {
  // The app's own version, or the one in node_modules when this folder is built alone.
  implementation("com.facebook.react:react-android" + if (isAlone) ":${reactNativeVersion()}" else "")
  // uniffi's classes call the library through JNA. This is its first version for pages of 16 KB.
  implementation("net.java.dev.jna:jna:5.17.0@aar")

  androidTestImplementation("androidx.test:runner:1.6.2")
  // The same annotations as on the desktop, where they stand for JUnit 5. Android's runner needs JUnit 4.
  androidTestImplementation(kotlin("test-junit"))
}

fun reactNativeVersion(): String {
  val manifest = JsonSlurper().parse(file("../node_modules/react-native/package.json")) as Map<*, *>
  return manifest["version"].toString()
}
