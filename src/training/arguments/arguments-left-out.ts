/** Fields of TrainingArguments in transformers 4.57.6 that spanforge does not support, grouped by reason. */
const namesByReason: Readonly<Record<string, string>> = {
  'use the commands train, evaluate and answer instead': 'do_train do_eval do_predict',
  'deprecated in transformers': `per_gpu_train_batch_size per_gpu_eval_batch_size no_cuda use_mps_device
    adafactor fsdp_min_num_params fsdp_transformer_layer_cls_to_wrap fp16_backend torchdynamo
    push_to_hub_model_id push_to_hub_organization push_to_hub_token include_inputs_for_metrics
    use_legacy_prediction_loop`,
  'use mpirun to train on several processes (docs/scale.md)': `local_rank ddp_backend ddp_find_unused_parameters
    ddp_bucket_cap_mb ddp_broadcast_buffers ddp_timeout fsdp fsdp_config deepspeed parallelism_config accelerator_config
    average_tokens_across_devices log_on_each_node log_level_replica save_on_each_node
    eval_use_gather_object mp_parameters _n_gpu ray_scope`,
  'specific to PyTorch and its hardware': `torch_empty_cache_steps torch_compile torch_compile_backend
    torch_compile_mode jit_mode_eval tf32 half_precision_backend fp16_opt_level tpu_num_cores tpu_metrics_debug
    use_liger_kernel liger_kernel_config dataloader_pin_memory debug use_cpu`,
  'evaluation runs in the precision of training, or in bfloat16 with bf16_full_eval': 'fp16_full_eval',
  'the optimizer is always AdamW, as in torch.optim.AdamW': 'optim optim_args optim_target_modules',
  'use gradient_checkpointing without options': 'gradient_checkpointing_kwargs',
  'use max_tokens_per_pass to limit memory': 'auto_find_batch_size',
  'always enabled: identical runs are bit-identical': 'full_determinism',
  'always enabled: resuming is exact and skips data instantly': `ignore_data_skip
    restore_callback_states_from_checkpoint`,
  'always enabled: weights are saved as model.safetensors': 'save_safetensors',
  'always enabled': 'include_tokens_per_second include_num_input_tokens_seen skip_memory_metrics',
  'use on_nonfinite to handle NaN and infinity': 'logging_nan_inf_filter',
  'use disable_tqdm, or --quiet': 'log_level',
  'exact_match and f1 are always computed; logits take little memory': `prediction_loss_only
    eval_accumulation_steps eval_do_concat_batches batch_eval_metrics include_for_metrics`,
  'the fields of the data are those of SQuAD': 'remove_unused_columns label_names length_column_name past_index',
  'worker threads manage prefetching themselves': 'dataloader_prefetch_factor dataloader_persistent_workers',
  'training runs never upload anything': `push_to_hub hub_model_id hub_strategy hub_token hub_private_repo hub_always_push
    hub_revision project trackio_space_id`,
  'intended for instruction tuning of language models': 'neftune_noise_alpha',
}

/** Explains why a field of TrainingArguments is not supported, by name. */
export const leftOut: ReadonlyMap<string, string> = new Map(
  Object.entries(namesByReason).flatMap(([reason, names]) =>
    names.split(/\s+/).map((name): [string, string] => [name, reason]),
  ),
)
