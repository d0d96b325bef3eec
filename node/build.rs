fn main() {
    napi_build::setup();
    // Node unloads an addon when the worker that loaded it has ended; our engine threads outlive workers.
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|system| system == "linux") {
        println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
        // See src/at_exit.rs.
        println!("cargo:rustc-cdylib-link-arg=-Wl,--wrap=__cxa_atexit");
    }
}
