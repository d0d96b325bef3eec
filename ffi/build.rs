fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let system = std::env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    // Threads of ours run until the process ends: the library must not go before them.
    if matches!(system.as_str(), "linux" | "android") {
        println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
        // Phones with pages of 16 KB load no library that is aligned for less. Linux has no need of it, but is where the
        // checks look.
        println!("cargo:rustc-cdylib-link-arg=-Wl,-z,max-page-size=16384");
        // By which a crash report finds the library with the symbols.
        println!("cargo:rustc-cdylib-link-arg=-Wl,--build-id=sha1");
    }
    // Where an app looks for it: in the framework that scripts/build-ios.sh makes of it.
    if system == "ios" {
        println!("cargo:rustc-cdylib-link-arg=-Wl,-install_name,@rpath/llama_rsFFI.framework/llama_rsFFI");
    }
}
