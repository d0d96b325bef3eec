//! Compiles the C++ shim in `src/llama/shim`. Does nothing without the feature `llama`.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    #[cfg(feature = "llama")]
    shim::compile();
}

#[cfg(feature = "llama")]
mod shim {
    use std::path::{Path, PathBuf};

    const SOURCES: [&str; 8] = [
        "src/llama/shim/answer_format.cpp",
        "src/llama/shim/chat.cpp",
        "src/llama/shim/constraint.cpp",
        "src/llama/shim/engine.cpp",
        "src/llama/shim/grammar.cpp",
        "src/llama/shim/memory.cpp",
        "src/llama/shim/sampler.cpp",
        "src/llama/shim/state.cpp",
    ];
    const HEADERS: [&str; 4] = [
        "src/llama/shim/answer_format.h",
        "src/llama/shim/constraint.h",
        "src/llama/shim/grammar.h",
        "src/llama/shim/shim.h",
    ];

    pub fn compile() {
        for source in HEADERS.iter().chain(&SOURCES) {
            println!("cargo:rerun-if-changed={source}");
        }
        let cache = cmake_cache();
        println!("cargo:rustc-env=LLAMA_GPU_BACKENDS={}", gpu_backends(&cache));
        let llama = llama_sources(&cache);
        let mut build = cc::Build::new();
        // On Android llama.cpp's own build script has chosen the C++ library: the static one.
        if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|system| system == "android") {
            build.cpp_link_stdlib(None);
        }
        build
            .cpp(true)
            .std("c++17")
            .files(SOURCES)
            .includes(["include", "ggml/include", "common", "vendor", "src"].map(|folder| llama.join(folder)))
            // llama.cpp's own headers warn.
            .warnings(false)
            .flag_if_supported("-fvisibility=hidden")
            .compile("llama_rs_core_shim");
    }

    /// How llama.cpp was compiled. llama-cpp-sys-2 publishes only its build folder.
    fn cmake_cache() -> String {
        let root = std::env::var("DEP_LLAMA_ROOT").expect("llama-cpp-sys-2 publishes its build folder");
        let cache = Path::new(&root).join("build/CMakeCache.txt");
        std::fs::read_to_string(&cache).unwrap_or_else(|error| panic!("could not read {}: {error}", cache.display()))
    }

    /// The folder that llama-cpp-sys-2 took llama.cpp from, so that the headers are those that the library was compiled
    /// with.
    fn llama_sources(cache: &str) -> PathBuf {
        let home = cache.lines().find_map(|line| line.strip_prefix("CMAKE_HOME_DIRECTORY:INTERNAL="));
        PathBuf::from(home.expect("CMake's cache names its CMAKE_HOME_DIRECTORY"))
    }

    /// The GPU backends that llama.cpp was compiled with, by the names of its options, separated by spaces.
    fn gpu_backends(cache: &str) -> String {
        let is_on = |option: &&str| {
            let values = cache.lines().filter_map(|line| line.strip_prefix(*option)?.split_once('='));
            values.filter(|(kind, _)| kind.starts_with(':')).any(|(_, value)| ["ON", "1", "TRUE"].contains(&value))
        };
        let backends = [
            ("Metal", "GGML_METAL"),
            ("Vulkan", "GGML_VULKAN"),
            ("OpenCL", "GGML_OPENCL"),
            ("CUDA", "GGML_CUDA"),
            ("ROCm", "GGML_HIP"),
            ("WebGPU", "GGML_WEBGPU"),
        ];
        let compiled = backends.into_iter().filter(|(_, option)| is_on(option)).map(|(name, _)| name);
        compiled.collect::<Vec<_>>().join(" ")
    }
}
