"""One step of GRPO in Python: `python examples/train_from_python.py MODEL SAMPLES`.

MODEL is a folder of Hugging Face's or a hub id, SAMPLES a file such as data/training/quickstart_train.json.
"""

import sys

import torch

import raiden


def train_step(model_path: str, samples_file: str, num_generations: int = 8, lr: float = 1e-5) -> dict[str, float]:
    policy = raiden.load_policy(raiden.PolicyConfig(model_path))
    prompts = raiden.make_prompts(policy.tokenizer, raiden.load_samples(samples_file)[:4])

    sampling = raiden.SamplingConfig(max_tokens=24)
    engine = raiden.TransformersEngine()
    engine.start(policy.model, policy.tokenizer, 2048, policy.model.dtype, policy.model.device)
    seeds = raiden.group_seeds(prompts, num_generations, run_seed=0, step=0)
    groups = engine.generate([prompt.token_ids for prompt in prompts], seeds, sampling)

    scorer = raiden.Scorer(raiden.RewardConfig(min_length=6, length_weight=0.5))
    rollouts = raiden.score_groups(scorer, prompts, groups)
    for rollout in rollouts:
        print(rollout.prompt.sample.question, [round(reward.total, 2) for reward in rollout.rewards])

    optimizer = torch.optim.AdamW(policy.model.parameters(), lr)
    update = raiden.RolloutUpdate(
        rollouts,
        raiden.ObjectiveConfig(),
        raiden.UpdateConfig(),
        sampling.max_tokens,
        sampling.temperature,
        policy.model.device,
    )
    for mini_batch in update.mini_batches():
        for loss in update.losses(policy.model, mini_batch):
            loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    return update.metrics()


if __name__ == "__main__":
    print(train_step(*sys.argv[1:3]))
