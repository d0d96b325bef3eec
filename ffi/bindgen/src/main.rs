//! Writes the Kotlin and Swift of a built library.

fn main() {
    uniffi::uniffi_bindgen_main();
}
