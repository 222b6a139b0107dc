/** Fields of transformers' TrainingArguments (4.57.6) that are no arguments here, by the reason. */
const namesByReason: Readonly<Record<string, string>> = {
  'commands say what to do: train, evaluate, answer': 'do_train do_eval do_predict',
  'deprecated in transformers itself': `per_gpu_train_batch_size per_gpu_eval_batch_size no_cuda use_mps_device
    adafactor fsdp_min_num_params fsdp_transformer_layer_cls_to_wrap fp16_backend torchdynamo
    push_to_hub_model_id push_to_hub_organization push_to_hub_token include_inputs_for_metrics
    use_legacy_prediction_loop`,
  'the job is one process on one machine': `local_rank ddp_backend ddp_find_unused_parameters ddp_bucket_cap_mb
    ddp_broadcast_buffers ddp_timeout fsdp fsdp_config deepspeed parallelism_config accelerator_config
    average_tokens_across_devices log_on_each_node log_level_replica save_on_each_node
    eval_use_gather_object mp_parameters _n_gpu ray_scope`,
  'belongs to PyTorch or to hardware that PyTorch drives': `torch_empty_cache_steps torch_compile torch_compile_backend
    torch_compile_mode jit_mode_eval tf32 half_precision_backend fp16_opt_level tpu_num_cores tpu_metrics_debug
    use_liger_kernel liger_kernel_config dataloader_pin_memory debug use_cpu`,
  'evaluation runs in float32, or in bfloat16 with bf16_full_eval': 'fp16_full_eval',
  'AdamW is the optimizer, in the form of torch.optim.AdamW': 'optim optim_args optim_target_modules',
  'memory is bounded by max_tokens_per_pass':
    'gradient_checkpointing gradient_checkpointing_kwargs auto_find_batch_size',
  'always so: the same run gives the same bits twice': 'full_determinism',
  'always so: resuming is exact, and finding the place in the data takes no time': `ignore_data_skip
    restore_callback_states_from_checkpoint`,
  'always so: weights are written as model.safetensors': 'save_safetensors',
  'always shown and logged': 'include_tokens_per_second include_num_input_tokens_seen skip_memory_metrics',
  'never hidden: on_nonfinite says what happens to NaN and infinity': 'logging_nan_inf_filter',
  'use disable_tqdm, or --quiet': 'log_level',
  'exact_match and f1 are always computed, from logits that take little memory': `prediction_loss_only
    eval_accumulation_steps eval_do_concat_batches batch_eval_metrics include_for_metrics`,
  'the data is SQuAD, whose fields are known': 'remove_unused_columns label_names length_column_name past_index',
  'worker threads keep themselves busy': 'dataloader_prefetch_factor dataloader_persistent_workers',
  'a training run uploads nothing': `push_to_hub hub_model_id hub_strategy hub_token hub_private_repo hub_always_push
    hub_revision project trackio_space_id`,
  'made for instruction tuning of language models': 'neftune_noise_alpha',
}

/** Why a field of TrainingArguments is no argument here. */
export const leftOut: ReadonlyMap<string, string> = new Map(
  Object.entries(namesByReason).flatMap(([reason, names]) =>
    names.split(/\s+/).map((name): [string, string] => [name, reason]),
  ),
)
