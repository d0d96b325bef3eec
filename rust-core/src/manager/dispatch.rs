//! Calls the function of each command, and refuses most commands on a closed manager.

use std::time::Duration;

use super::effects::Effects;
use super::generations::{cancel, prefill_ahead, start};
use super::kv::save::{SavePolicy, save};
use super::kv::{fork, restore, saved_files};
use super::library::{downloading, hub_catalog, imports, stored_models};
use super::memory::{can_load, make_room, trim};
use super::owners::Owners;
use super::scopes::{Transcript, commands};
use super::tasks::{Embedded, bench, cancel as task_cancel, embed, one_shot};
use super::ticket::Ticket;
use super::{engines, suspension};
use crate::engine::Prefilled;
use crate::error::{Error, ErrorCode};
use crate::protocol::{Command, EmbeddingUsage, Event, LifecycleEvent, Mount};

pub(super) fn dispatch(it: &mut Owners, fx: &mut Effects, ticket: Ticket, command: Command) {
    if let Some(closed) = it.refusal_when_closed().filter(|_| !is_accepted_when_closed(&command)) {
        return ticket.answer(Err(closed));
    }
    let client = ticket.client();
    match command {
        Command::Unload { path } => it.models.unload(&path, ticket.reply(), fx),
        Command::Generate(command) => start::generate(it, fx, *command, ticket.reply()),
        Command::Cancel { generation_id } => cancel::cancel(it, fx, &generation_id, ticket.reply()),
        Command::Prefill(command) => prefill_ahead::prefill(it, command, ticket.reply_with(prefilled)),

        Command::Tokenize { model, text, special } => {
            let reply = ticket.reply_with(|request_id, tokens| Event::Tokens { request_id, tokens });
            one_shot::ask_model(it, fx, model, move |prompter| prompter.tokenize(&text, special), reply);
        }
        Command::Detokenize { model, tokens } => {
            let reply = ticket.reply_with(|request_id, text| Event::Text { request_id, text });
            one_shot::ask_model(it, fx, model, move |prompter| prompter.detokenize(&tokens), reply);
        }
        Command::ApplyChatTemplate { model, messages } => {
            let reply = ticket.reply_with(|request_id, prompt| Event::RenderedPrompt { request_id, prompt });
            one_shot::ask_model(it, fx, model, move |prompter| prompter.show(&messages), reply);
        }
        Command::Embed(command) => embed::embed(it, fx, client, command, ticket.reply_with(embeddings)),
        Command::CancelEmbed { embedding_id } => {
            task_cancel::cancel_embed(it, fx, &(client, embedding_id));
            ticket.answer(Ok(()));
        }
        Command::Bench(command) => {
            let reply = ticket.reply_with(|request_id, report| Event::Benched { request_id, report });
            bench::bench(it, fx, client, command, reply);
        }
        Command::CancelBench { bench_id } => {
            task_cancel::cancel_bench(it, fx, &(client, bench_id));
            ticket.answer(Ok(()));
        }

        Command::DeleteScope { scope } => commands::delete_scope(it, fx, &scope, ticket.reply()),
        Command::DeleteAllScopes => commands::delete_all_scopes(it, fx, ticket.reply()),
        Command::Park { scope } => commands::park(it, &scope, ticket.reply()),
        Command::Restore { scope } => restore::restore(it, &scope, ticket.reply()),
        Command::Save { scope } => save(it, &scope, SavePolicy::Always, ticket.reply()),
        Command::Fork { scope, fork, message_count } => {
            fork::fork(it, fx, &scope, fork, message_count, ticket.reply());
        }
        Command::RewindTo { scope, message_index } => commands::rewind(it, fx, &scope, message_index, ticket.reply()),
        Command::SetPersist { scope, persist } => commands::set_persist(it, fx, &scope, persist, ticket.reply()),
        Command::GetTranscript { scope } => {
            let transcript = it.scopes.transcript(&scope);
            ticket.answer_with(transcript, |request_id, Transcript { revision, messages }| Event::Transcript {
                request_id,
                scope,
                revision,
                messages,
            });
        }

        Command::CanLoad { model } => {
            let reply = ticket.reply_with(|request_id, fit| Event::MemoryFit { request_id, fit });
            can_load::can_load(it, model, reply);
        }
        Command::Trim { level } => trim::trim(it, fx, level, ticket.reply()),
        Command::SetResident { resident } => {
            make_room::set_resident(it, fx, client, resident);
            ticket.answer(Ok(()));
        }
        Command::RemoveResident { id } => {
            make_room::remove_resident(it, fx, client, &id);
            ticket.answer(Ok(()));
        }
        Command::Configure { memory_budget_bytes, saved_budget_bytes, models_budget_bytes } => {
            it.memory.set_budget(memory_budget_bytes);
            saved_files::set_saved_budget(it, fx, saved_budget_bytes);
            it.library.set_budget(models_budget_bytes);
            ticket.answer(Ok(()));
        }

        Command::SetHub { endpoint, token } => {
            ticket.answer(stored_models::set_hub(it, endpoint.as_deref(), token));
        }
        Command::BrowseHub { repository } => {
            let reply = ticket.reply_with(|request_id, repository| Event::HubRepository { request_id, repository });
            hub_catalog::browse_hub(it, &repository, reply);
        }
        Command::Download { name, sha256 } => {
            downloading::download(it, fx, &name, sha256.as_deref(), ticket.reply());
        }
        Command::PauseDownload { name } => ticket.answer(downloading::pause(it, fx, &name)),
        Command::CancelDownload { name } => downloading::cancel(it, fx, &name, ticket.reply()),
        Command::ImportModel { path, name } => imports::import_model(it, fx, path, &name, ticket.reply()),
        Command::VerifyStoredModel { name } => stored_models::verify_stored_model(it, name, ticket.reply()),
        Command::ListStoredModels => {
            let reply = ticket.reply_with(|request_id, stored| Event::StoredModels { request_id, stored });
            stored_models::list_stored_models(it, reply);
        }
        Command::RemoveStoredModel { name } => stored_models::remove_stored_model(it, name, ticket.reply()),

        Command::Suspend { deadline_ms, after } => {
            let deadline = Duration::from_millis(deadline_ms.into());
            suspension::suspend_after(it, fx, deadline, after, ticket.reply());
        }
        Command::Resume => suspension::resume(it, fx, ticket.reply()),
        Command::SetHeat { heat } => {
            engines::set_heat(it, heat);
            ticket.answer(Ok(()));
        }
        Command::RecordMount { debug_label, path, mount } => {
            let event = match mount {
                Mount::Mounted => LifecycleEvent::Mounted { debug_label },
                Mount::Unmounted => LifecycleEvent::Unmounted { debug_label },
            };
            fx.record(&path, event, "a component said so".into());
            ticket.answer(Ok(()));
        }
        // The client answers these itself.
        Command::Acquire { .. } | Command::Release { .. } | Command::Replay { .. } | Command::ReadLog => {
            let detail = "a command that the client answers has reached the manager, which is a defect of the library";
            ticket.answer(Err(Error::new(ErrorCode::Internal, detail)));
        }
    }
}

fn prefilled(request_id: String, Prefilled { cached_tokens, prefilled_tokens, took: _ }: Prefilled) -> Event {
    Event::Prefilled { request_id, cached_tokens, prefilled_tokens }
}

fn embeddings(request_id: String, Embedded { vectors, prompt_tokens }: Embedded) -> Event {
    Event::Embeddings { request_id, embeddings: vectors, usage: EmbeddingUsage { prompt_tokens } }
}

/// A closed manager refuses commands that would load a model, change a scope, or use the store or the hub. It may have
/// given its directory back already, so a change might be answered and never written.
fn is_accepted_when_closed(command: &Command) -> bool {
    match command {
        Command::Release { .. }
        | Command::Unload { .. }
        | Command::Cancel { .. }
        | Command::CancelEmbed { .. }
        | Command::CancelBench { .. }
        | Command::Suspend { .. }
        | Command::Resume
        | Command::SetHeat { .. }
        | Command::Trim { .. }
        | Command::Configure { .. }
        | Command::SetResident { .. }
        | Command::RemoveResident { .. }
        | Command::GetTranscript { .. }
        | Command::Replay { .. }
        | Command::RecordMount { .. }
        | Command::ReadLog => true,
        Command::Acquire { .. }
        | Command::Generate(_)
        | Command::Prefill(_)
        | Command::Tokenize { .. }
        | Command::Detokenize { .. }
        | Command::ApplyChatTemplate { .. }
        | Command::Embed(_)
        | Command::Bench(_)
        | Command::DeleteScope { .. }
        | Command::DeleteAllScopes
        | Command::Park { .. }
        | Command::Restore { .. }
        | Command::Save { .. }
        | Command::Fork { .. }
        | Command::RewindTo { .. }
        | Command::SetPersist { .. }
        | Command::CanLoad { .. }
        | Command::SetHub { .. }
        | Command::BrowseHub { .. }
        | Command::Download { .. }
        | Command::PauseDownload { .. }
        | Command::CancelDownload { .. }
        | Command::ImportModel { .. }
        | Command::VerifyStoredModel { .. }
        | Command::ListStoredModels
        | Command::RemoveStoredModel { .. } => false,
    }
}
