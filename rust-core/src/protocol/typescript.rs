//! Writes `src/protocol/generated.ts` from the types of the protocol, and fails if the committed file differs.

use std::path::Path;

use ts_rs::{Config, TS};

use super::*;
use crate::error::{Error, ErrorCode};
use crate::store::{Phase, Progress};

const HEADER: &str = "// Generated from rust-core/src/protocol by `./dev generate`. Do not edit.\n";

#[test]
fn committed_typescript_types_are_those_of_the_protocol() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../src/protocol/generated.ts");
    let wanted = declarations();
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        std::fs::write(&path, &wanted).expect("src/protocol is writable");
    }
    let committed = std::fs::read_to_string(&path).expect("src/protocol/generated.ts is committed");
    assert!(committed == wanted, "src/protocol/generated.ts is out of date - run ./dev generate");
}

fn declarations() -> String {
    let config = Config::default();
    let mut text = String::from(HEADER);
    macro_rules! declare {
        ($($type:ty),* $(,)?) => {
            $(
                text.push('\n');
                if let Some(docs) = <$type>::docs() {
                    text.push_str(&docs);
                }
                text.push_str("export ");
                text.push_str(&<$type>::decl(&config));
                text.push('\n');
            )*
        };
    }
    declare!(
        Envelope,
        Command,
        GenerateCommand,
        PrefillCommand,
        EmbedCommand,
        Pooling,
        EmbeddingUsage,
        BenchCommand,
        BenchReport,
        BenchSpeed,
        Message,
        Role,
        ToolCall,
        Mount,
        SuspendAfter,
        Heat,
        TrimLevel,
        ModelConfig,
        DevicePreference,
        Persist,
        Overflow,
        GenerateOptions,
        LogitBias,
        ResponseFormat,
        Tool,
        ToolChoice,
        Batch,
        NumberedEvent,
        Event,
        LifecycleRecord,
        LifecycleEvent,
        TrimRung,
        Snapshot,
        ModelState,
        ModelStatus,
        Progress,
        Phase,
        Lease,
        ModelInfo,
        ScopeSummary,
        Residency,
        GenerationState,
        GenerationPhase,
        TokenLogprob,
        Logprob,
        Outcome,
        FinishReason,
        Usage,
        Timings,
        Device,
        DeviceKind,
        GpuUnavailable,
        GpuUnavailableReason,
        MemoryFit,
        FitVerdict,
        MemoryEstimate,
        Resident,
        RenderedPrompt,
        Download,
        DownloadStatus,
        HubRepository,
        HubVariant,
        StoredModels,
        StoredModel,
        DiskUse,
        Error,
        ErrorCode,
    );
    text
}
