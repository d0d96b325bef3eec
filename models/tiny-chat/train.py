"""Trains the model on the packed dialogues. About 12 minutes on two CPU cores.

usage: python train.py WORK_FOLDER [--steps-per-stage N]     reads STAGE.npz, writes parameters.npz

Set XLA_FLAGS as build.sh does: without fast maths the training takes longer.
"""

import argparse
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax

from corpus.made_up import WordMaker
from network import Parameters, initial_parameters, logits, parameter_count, save_parameters
from pack import Rows
from recall import RecallProbe
from recipe import STAGES, Stage
from tokenizer import load_tokenizer, word_pieces

FILE = "parameters.npz"
SEED = 0
PEAK_LEARNING_RATE = 3e-3
WARM_UP_STEPS = 100
# The weight of the loss on texts of user, system and tools. A little teaches the language; more would cost recall.
OTHERS_WEIGHT = 0.1
REPORT_EVERY = 100  # steps


def optimizer(parameters: Parameters, steps: int) -> optax.GradientTransformation:
    """AdamW with a cosine schedule; weight decay on matrices only."""
    warm_up = min(WARM_UP_STEPS, steps // 10)
    rate = optax.warmup_cosine_decay_schedule(0, PEAK_LEARNING_RATE, warm_up, steps, PEAK_LEARNING_RATE * 0.03)
    is_matrix = jax.tree.map(lambda array: array.ndim > 1, parameters)
    adam = optax.adamw(rate, b1=0.9, b2=0.98, weight_decay=0.05, mask=is_matrix)
    return optax.chain(optax.clip_by_global_norm(1.0), adam)


def loss(parameters: Parameters, rows: Rows) -> tuple[jax.Array, tuple[jax.Array, jax.Array, jax.Array]]:
    """Returns the loss; and for the report the loss on replies, on the rest, and the share of reply tokens guessed."""
    scores = logits(parameters, rows.tokens[:, :-1], rows.dialogue[:, :-1])
    targets = rows.tokens[:, 1:]
    right_score = jnp.take_along_axis(scores, targets[..., None], -1)[..., 0]
    surprise = jax.nn.logsumexp(scores, -1) - right_score
    is_reply = rows.is_reply[:, 1:].astype(jnp.float32)
    # The first token of a dialogue has no context to be predicted from.
    follows = (rows.dialogue[:, 1:] > 0) * (rows.dialogue[:, 1:] == rows.dialogue[:, :-1])
    is_other = follows * (1 - is_reply)
    on_replies = (surprise * is_reply).sum() / is_reply.sum()
    on_others = (surprise * is_other).sum() / jnp.maximum(is_other.sum(), 1)
    guessed = ((scores.argmax(-1) == targets) * is_reply).sum() / is_reply.sum()
    return on_replies + OTHERS_WEIGHT * on_others, (on_replies, on_others, guessed)


def batches(rows: Rows, stage: Stage) -> Iterator[Rows]:
    """Yields the batches of a stage: all rows in random order, then all of them again in another."""
    rng = np.random.default_rng(SEED)
    count = len(rows.tokens)
    order, start = rng.permutation(count), 0
    for _ in range(stage.steps):
        if start + stage.batch_rows > count:
            order, start = rng.permutation(count), 0
        chosen = order[start : start + stage.batch_rows]
        start += stage.batch_rows
        yield Rows(rows.tokens[chosen].astype(np.int32), rows.is_reply[chosen], rows.dialogue[chosen].astype(np.int32))


def train(work: Path, stages: tuple[Stage, ...]) -> Parameters:
    """Runs the stages one after another and prints how it goes."""
    tokenizer = load_tokenizer(work)
    probe = RecallProbe(tokenizer, WordMaker(word_pieces(tokenizer)))
    parameters = initial_parameters(SEED)
    steps = sum(stage.steps for stage in stages)
    optimize = optimizer(parameters, steps)
    state = optimize.init(parameters)

    @jax.jit
    def step(parameters: Parameters, state: optax.OptState, rows: Rows):  # noqa: ANN202 (a tuple of JAX trees)
        (_, measures), gradients = jax.value_and_grad(loss, has_aux=True)(parameters, rows)
        updates, state = optimize.update(gradients, state, parameters)
        return optax.apply_updates(parameters, updates), state, measures

    print(f"train: {parameter_count(parameters):,} parameters, {steps} steps", flush=True)
    started = time.monotonic()
    done = 0
    measured: list[list[float]] = []
    for stage in stages:
        for rows in batches(Rows.load(work, stage), stage):
            parameters, state, measures = step(parameters, state, rows)
            measured.append([float(measure) for measure in measures])
            done += 1
            if done % REPORT_EVERY == 0 or done == steps:
                on_replies, on_others, guessed = np.mean(measured, axis=0)
                measured.clear()
                recall = ", ".join(f"{turns}: {share:.0%}" for turns, share in probe.measure(parameters).items())
                print(
                    f"train: step {done} of {steps} ({stage.name}), {time.monotonic() - started:.0f} s, "
                    f"loss {on_replies:.4f} on replies, {on_others:.3f} on the rest, {guessed:.1%} guessed, "
                    f"recall by turns in between {recall}",
                    flush=True,
                )
    return parameters


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the model on the packed dialogues.")
    parser.add_argument("work", type=Path, help="folder with tokenizer.json and the packed stages, and for results")
    parser.add_argument("--steps-per-stage", type=int, metavar="N", help="only try the recipe out, with N steps each")
    arguments = parser.parse_args()
    stages = STAGES
    if arguments.steps_per_stage is not None:
        stages = tuple(replace(stage, steps=arguments.steps_per_stage) for stage in STAGES)
    save_parameters(arguments.work / FILE, train(arguments.work, stages))


if __name__ == "__main__":
    main()
