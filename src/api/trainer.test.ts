import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { fixture } from '../../tests/fixture.ts'
import { temporaryFolder } from '../../tests/temporary-folder.ts'
import { recordedDataset } from '../../tests/tiny-model.ts'
import type { TrainingArgumentsInput } from '../training/arguments/arguments.ts'
import type { TrainerCallback } from './callbacks.ts'
import { train } from './functions.ts'
import { AutoModelForQuestionAnswering } from './model.ts'
import { AutoTokenizer } from './tokenizer.ts'
import { Trainer, type TrainerOptions, TrainingArguments } from './trainer.ts'

const folder = fixture('tiny/b1/safetensors')
// 22 windows for training, which are 6 batches of 4 per epoch, and 10 for evaluation.
const train_dataset = recordedDataset(fixture('trainer/train.safetensors'))
const eval_dataset = recordedDataset(fixture('trainer/eval.safetensors'))

async function makeTrainer(options: TrainingArgumentsInput = {}, callbacks: TrainerCallback[] = []) {
  const args = new TrainingArguments({
    output_dir: temporaryFolder(),
    num_train_epochs: 2,
    per_device_train_batch_size: 4,
    learning_rate: 1e-3,
    logging_steps: 3,
    eval_strategy: 'epoch',
    save_strategy: 'epoch',
    load_best_model_at_end: true,
    max_seq_length: 24,
    doc_stride: 8,
    disable_tqdm: true,
    ...options,
  })
  const model = await AutoModelForQuestionAnswering.from_pretrained(folder)
  const processing_class = await AutoTokenizer.from_pretrained(folder)
  return new Trainer({ model, args, train_dataset, eval_dataset, processing_class, callbacks })
}

/** Records the name of each hook that is called. */
const noting = (calls: string[]): TrainerCallback => ({
  on_train_begin: ({ plan }) => void calls.push(`begin ${plan.max_steps}`),
  on_step_end: ({ state }) => void calls.push(`step ${state.global_step}`),
  on_epoch_end: ({ state }) => void calls.push(`epoch ${state.epoch}`),
  on_log: ({ logs }) => void calls.push('loss' in logs ? 'log' : 'log of the run'),
  on_evaluate: () => void calls.push('evaluate'),
  on_save: () => void calls.push('save'),
  on_train_end: () => void calls.push('end'),
})

describe('Trainer', () => {
  test('trains, calls callbacks, and evaluates and saves the best model, which loads with the same logits', async () => {
    const calls: string[] = []
    const trainer = await makeTrainer({}, [noting(calls)])
    const { global_step, training_loss, metrics } = await trainer.train()
    expect(calls.join(', ')).toBe(
      'begin 12, step 1, step 2, step 3, log, step 4, step 5, step 6, epoch 1, log, evaluate, save, ' +
        'step 7, step 8, step 9, log, step 10, step 11, step 12, epoch 2, log, evaluate, save, log of the run, end',
    )
    expect([global_step, metrics.epoch]).toEqual([12, 2])
    expect(training_loss).toBe(metrics.train_loss)

    const { state } = trainer
    expect(state.log_history.filter((entry) => 'loss' in entry).map(({ step }) => step)).toEqual([3, 6, 9, 12])
    const { eval_loss } = await trainer.evaluate()
    expect(eval_loss).toBe(state.best_metric)
    expect(state.log_history.at(-1)).toMatchObject({ eval_loss, epoch: 2, step: 12 })

    const saved = temporaryFolder()
    await trainer.save_model(saved)
    const { predictions, metrics: tested } = await trainer.predict(eval_dataset)
    expect(tested.test_loss).toBe(eval_loss)
    const again = new Trainer({
      model: await AutoModelForQuestionAnswering.from_pretrained(saved),
      args: trainer.args,
    })
    expect((await again.predict(eval_dataset)).predictions).toEqual(predictions)
    expect((await AutoTokenizer.from_pretrained(saved)).encode('what of')).toEqual(
      (await AutoTokenizer.from_pretrained(folder)).encode('what of'),
    )
    await trainer.model.release()
  })

  test('learns from a teacher, which must be another model', async () => {
    const { model } = await makeTrainer()
    const teacher = await AutoModelForQuestionAnswering.from_pretrained(folder)
    const args = (more: TrainingArgumentsInput = {}) =>
      new TrainingArguments({
        output_dir: temporaryFolder(),
        max_steps: 2,
        max_seq_length: 24,
        disable_tqdm: true,
        ...more,
      })
    const trainer = new Trainer({ model, args: args({ teacher_weight: 1 }), train_dataset, teacher })
    await trainer.train()
    // Without dropout, the model would be its teacher, and there would be no loss.
    expect(trainer.state.log_history.at(-1)!.train_loss).toBeLessThan(1)
    const rejected = (options: Partial<TrainerOptions>, message: string) =>
      expect(new Trainer({ model, args: args(), train_dataset, ...options }).train()).rejects.toThrow(message)
    await rejected({ teacher: model }, 'Trainer: teacher is the model that is trained')
    await rejected({ args: args({ teacher: folder }) }, 'Trainer: teacher applies on the command line')
    await rejected({ args: args({ teacher_weight: 0.5 }) }, 'teacher_weight requires teacher')
    const geometry = { ...teacher.geometry, vocab_size: 20 }
    await rejected({ teacher: Object.assign(Object.create(teacher), { geometry }) }, 'but the teacher has 20 tokens')
  })

  test('resumes from its newest checkpoint with identical results', async () => {
    const whole = await makeTrainer()
    await whole.train()
    const first = await makeTrainer({}, [
      // Interrupted by an error, like a program that crashes.
      {
        on_step_end: ({ state }) => {
          if (state.global_step === 8) throw new Error('power cut')
        },
      },
    ])
    await expect(first.train()).rejects.toThrow('power cut')
    const second = await makeTrainer({ output_dir: first.args.output_dir })
    expect((await second.train({ resume_from_checkpoint: true })).global_step).toBe(12)
    expect(second.model.parameters.data).toEqual(whole.model.parameters.data)
    const losses = ({ state }: Trainer) => state.log_history.flatMap(({ loss }) => loss ?? [])
    expect(losses(second)).toEqual(losses(whole))
  })

  test('stops when a callback requests it, with the best weights', async () => {
    const calls: string[] = []
    const stopping: TrainerCallback = {
      on_evaluate: ({ control }) => {
        control.should_training_stop = true
      },
    }
    const trainer = await makeTrainer({}, [noting(calls), stopping])
    const { global_step, metrics } = await trainer.train()
    expect([global_step, metrics.epoch]).toEqual([6, 1])
    expect(calls.slice(-4)).toEqual(['evaluate', 'save', 'log of the run', 'end'])
    expect((await trainer.evaluate()).eval_loss).toBe(trainer.state.best_metric)
  })

  const oneStep: TrainingArgumentsInput = { max_steps: 1, eval_strategy: 'no', load_best_model_at_end: false }

  test('rejects an output folder with an earlier run unless it is overwritten or resumed', async () => {
    const first = await makeTrainer(oneStep)
    await first.train()
    const { output_dir } = first.args
    const again = await makeTrainer({ ...oneStep, output_dir })
    await expect(again.train()).rejects.toThrow('the output folder contains an earlier run')
    const fresh = await makeTrainer({ ...oneStep, output_dir, overwrite_output_dir: true })
    expect((await fresh.train()).global_step).toBe(1)
  })

  test('rejects an incomplete checkpoint with the reason', async () => {
    const trainer = await makeTrainer(oneStep)
    await trainer.train()
    const checkpoint = `${trainer.args.output_dir}/checkpoint-1`
    writeFileSync(`${checkpoint}/model.safetensors`, 'cut')
    const resume = (resume_from_checkpoint: string | boolean) => trainer.train({ resume_from_checkpoint })
    await expect(resume(checkpoint)).rejects.toThrow(/checkpoint-1: .*model\.safetensors/)
    await expect(resume(true)).rejects.toThrow(/no complete checkpoint.*model\.safetensors/s)
    rmSync(checkpoint, { recursive: true })
    await expect(resume(true)).rejects.toThrow('no complete checkpoint')
  })

  test('rejects a checkpoint outside output_dir before the first step, like the command line', async () => {
    const first = await makeTrainer(oneStep)
    await first.train()
    const calls: string[] = []
    const elsewhere = await makeTrainer(oneStep, [noting(calls)])
    const checkpoint = `${first.args.output_dir}/checkpoint-1`
    await expect(elsewhere.train({ resume_from_checkpoint: checkpoint })).rejects.toThrow(
      `resume_from_checkpoint: ${checkpoint} is not in output_dir ${elsewhere.args.output_dir}`,
    )
    expect(calls).toEqual([])
    // The function `train` rejects it too, also if the output folder does not exist yet.
    const { model, args } = elsewhere
    for (const output_dir of [args.output_dir, join(args.output_dir, 'new')]) {
      const run = train({ model, args: { ...args, output_dir }, train: train_dataset, resume_from: checkpoint })
      await expect(run.next()).rejects.toThrow(`resume_from: ${checkpoint} is not in output_dir ${output_dir}`)
    }
  })

  test('train rejects a misspelled option and suggests the right one', async () => {
    const trainer = await makeTrainer(oneStep)
    const options: object = { resume_from_chekpoint: true }
    await expect(trainer.train(options)).rejects.toThrow(
      'Trainer.train: unknown option resume_from_chekpoint; did you mean resume_from_checkpoint?',
    )
  })

  test('resumes a checkpoint by name, and rejects a folder with files that do not belong to a run', async () => {
    const first = await makeTrainer(oneStep)
    await first.train()
    const more = await makeTrainer({ ...oneStep, max_steps: 2, output_dir: first.args.output_dir })
    expect((await more.train({ resume_from_checkpoint: 'checkpoint-1' })).global_step).toBe(2)
    const other = await makeTrainer(oneStep)
    writeFileSync(`${other.args.output_dir}/thesis.txt`, 'mine')
    await expect(other.train()).rejects.toThrow('contains no spanforge run: thesis.txt')
  })

  test('rejects impossible arguments before the first step', async () => {
    await expect((await makeTrainer({ fp16: true })).train()).rejects.toThrow(/fp16.*float32/)
    await expect((await makeTrainer({ save_strategy: 'steps' })).train()).rejects.toThrow(/save_strategy/)
    const { model, args } = await makeTrainer({ eval_strategy: 'no', load_best_model_at_end: false })
    await expect(new Trainer({ model, args }).train()).rejects.toThrow('train_dataset is required for training')
    await expect(new Trainer({ model, args }).evaluate()).rejects.toThrow('a dataset is required for evaluation')
  })
})

describe('TrainingArguments', () => {
  test('has the defaults of transformers, overridden by the given values', () => {
    expect(new TrainingArguments({ learning_rate: 3e-5 })).toMatchObject({ learning_rate: 3e-5, num_train_epochs: 3 })
    expect(new TrainingArguments()).toMatchObject({ learning_rate: 5e-5, per_device_train_batch_size: 8, seed: 42 })
  })

  test('reports unknown and invalid arguments by name', () => {
    const wrong = { learning_rat: 1, num_train_epochs: -1 } as TrainingArgumentsInput
    expect(() => new TrainingArguments(wrong)).toThrow(/num_train_epochs: found -1.*did you mean learning_rate/s)
  })
})

test('shows progress and log on standard error, in plain lines without a terminal, unless disable_tqdm is set', async () => {
  const said = async (disable_tqdm: boolean) => {
    const written: string[] = []
    const spy = vi.spyOn(process.stderr, 'write').mockImplementation((text) => written.push(String(text)) > 0)
    try {
      const trainer = await makeTrainer({
        disable_tqdm,
        max_steps: 3,
        save_strategy: 'no',
        load_best_model_at_end: false,
      })
      await trainer.train()
      await trainer.evaluate()
      await trainer.predict(eval_dataset)
    } finally {
      spy.mockRestore()
    }
    return written.join('')
  }
  const shown = await said(false)
  expect(shown).toMatch(/step 3 \(epoch [\d.]+\): loss \d/)
  expect(shown).toMatch(/Training: step 3\/3 \(100 %\)/)
  expect(shown).toMatch(/Evaluating: 10\/10 \(100 %\)/)
  expect(shown).toMatch(/Predicting: 10\/10 \(100 %\)/)
  expect(shown).not.toContain('\u001b')
  expect(await said(true)).toBe('')
})
