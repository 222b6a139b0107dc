import { createHash } from 'node:crypto'
import { parseHTML } from 'linkedom'
import { describe, expect, it } from 'vitest'
import { bundleScript, committedScript } from '../../../scripts/analysis-page.ts'
import { sampleEvaluation } from '../../../tests/sample-analysis.ts'
import { analyze } from '../analyze.ts'
import { filterFields } from '../browser/filter.ts'
import { browserScript, browserScriptDigest } from './browser-script.ts'
import { analysisHtml } from './html.ts'
import { takeaways } from './takeaways.ts'

const analysis = analyze(sampleEvaluation(120))
const page = analysisHtml(analysis)
const { document } = parseHTML(page)

describe('the page', () => {
  it('contains the analysis and one script, and no element from the data', () => {
    expect(document.querySelectorAll('script')).toHaveLength(2)
    expect(document.querySelectorAll('img')).toHaveLength(0)
    expect(JSON.parse(document.getElementById('analysis')!.textContent)).toEqual(analysis)
  })

  it('loads nothing and allows no other script', () => {
    expect(document.querySelectorAll('[src], link')).toHaveLength(0)
    const digest = createHash('sha256').update(browserScript).digest('base64')
    expect(browserScriptDigest).toBe(`sha256-${digest}`)
    const policy = document.querySelector('meta[http-equiv]')!.getAttribute('content')
    expect(policy).toContain(`default-src 'none'`)
    expect(policy).toContain(`script-src '${browserScriptDigest}'`)
    expect(browserScript).not.toMatch(/<\/script|<!--/i)
  })

  it('shows small probabilities with significant digits', () => {
    const half = { ...analysis.confidence.risk_coverage[60], coverage: 0.5, confidence: 0.00214 }
    const text = takeaways({ ...analysis, confidence: { ...analysis.confidence, risk_coverage: [half] } }).join(' ')
    expect(text).toContain('a probability of at least 0.0021 belong')
  })

  it('has a labeled field for every filter', () => {
    const fields = Array.from(document.querySelectorAll('#filters [name]'))
    expect(fields.map((field) => field.getAttribute('name')).sort()).toEqual([...filterFields].sort())
    for (const field of fields) expect(field.closest('label')).not.toBeNull()
  })

  it('links every class and every group to its questions', () => {
    const links = Array.from(document.querySelectorAll('a'), (link) => link.getAttribute('href'))
    expect(links).toContain('#class=too_wide')
    expect(links).toContain('#question_word=how+many')
    expect(links).toContain('#answer_position=0+to+20+%25')
  })

  it('shows scores with intervals and without NaN', () => {
    const text = document.querySelector('main')!.textContent
    expect(text).toContain('Error analysis: sample <model> on sample.json')
    expect(text).toContain(`95\u00a0%: ${analysis.overall.f1.low.toFixed(1)} to ${analysis.overall.f1.high.toFixed(1)}`)
    expect(document.querySelector('main')!.innerHTML).not.toMatch(/NaN|undefined|Infinity/)
  })

  it('grows by less than 1,400 bytes per question, which keeps the 10,570 questions of SQuAD below 15 MB', () => {
    const larger = analysisHtml(analyze(sampleEvaluation(240)))
    expect((larger.length - page.length) / 120).toBeLessThan(1400)
  })

  it('separates numbers and percent signs with a non-breaking space', () => {
    expect(document.querySelector('main .tiles, main .classes')!.textContent).not.toMatch(/\d %/)
    expect(document.querySelector('.classes')!.textContent).toMatch(/\d\u00a0%/)
  })

  it('shows the threshold for "" and how to change it', () => {
    const tiles = (html: string) => parseHTML(html).document.querySelector('.tiles')!.textContent
    expect(tiles(page)).not.toContain('null_score_diff_threshold')
    const answered = analyze({ ...sampleEvaluation(12), null_score_diff_threshold: -2.5 })
    expect(tiles(analysisHtml(answered))).toContain('Threshold-2.5 null_score_diff_threshold')
    const advice = document.querySelector('a[href="#class=answered_without_answer"]')!.closest('td')!.textContent
    expect(advice).toContain('lower --null_score_diff_threshold or fit it with --calibrate')
  })

  it('supports a single question', () => {
    const single = analysisHtml(analyze(sampleEvaluation(1)))
    expect(single).not.toMatch(/NaN|Infinity/)
    expect(single).toContain('<strong>1</strong> <span>1 window</span>')
  })
})

it('the committed script matches the bundle of its sources', async () => {
  expect(await bundleScript()).toBe(committedScript())
})
