/** An invented example text. */
export interface ExampleText {
  readonly name: string
  readonly about: string
  readonly text: () => Promise<string>
  readonly questions: readonly string[]
}

const LIGHTHOUSE = `The lighthouse at Skarn Point was lit for the first time on the evening of 4 October 1871. It stands on a reef two miles off the village of Aldermouth, and for its first forty years it burned paraffin, which the keepers carried up 187 steps every afternoon.

The first keeper, Marta Lindqvist, took the post after her brother declined it. She stayed for twenty-six years and wrote down the weather three times a day. Her logbooks, which fill nineteen volumes, lie in the town library of Aldermouth, where meteorologists still consult them.

In the winter of 1903 the supply boat could not land for seven weeks. The two men on duty lived on ship's biscuit and the eggs of their hens, and kept the light burning throughout. The harbour board rewarded each of them with a silver watch.

Electric light came in 1922. The last keeper left in the spring of 1984, when the lamp was automated, and since 1991 the tower has belonged to a trust that lets visitors stay overnight. The trust pays for repairs with the income from two guest rooms and an annual concert on the reef.`

const RECIPE = `Hesper bread is a dark loaf from the valley of the Orle. It is made of rye and roasted barley, and keeps for two weeks.

Mix 400 g of rye flour with 100 g of roasted barley meal, 10 g of salt and 350 ml of warm water. Stir in 80 g of sourdough. Cover the bowl with a wet cloth and leave it in a warm place for fourteen hours, until the dough has doubled.

Shape the dough with wet hands and lay it in a greased tin. Bake it at 230 degrees for fifteen minutes, so that the crust forms, and then at 180 degrees for another fifty minutes. The loaf is done when it sounds hollow. Let it rest for a day before cutting it: fresh from the oven it crumbles.

Bakers in Orlesund add caraway to the dough. In the upper valley this is frowned upon, and the bakers' guild of Hochorle has forbidden it since 1760.`

/** Similar to the training data of `npm start`, so that the demo model works well on it. */
const TOWNS = `Undinghampton lies on the river Sollen. The stone bridge of Undinghampton was opened on the 2nd of November 1944 after six years of work. The morning paper wrote about it at length. Because the council had run out of money, the weekly market of the town was given up. The town draws crowds with its hot springs.

Sadis Farersett was born in Undinghampton. For years Sadis Farersett went to work every morning at Loredahl & Sons. The farewell of Sadis Farersett in 1848 surprised nobody.

Farinner & Sons has its seat in Gleninghaven, in a plain brick building. Farinner & Sons was bought by Solega Glassworks in 1901. In 1829, the Harbour Peace Prize was given to Ostier Drenerrova. Temior Farolstrand became engaged to and later married Ostier Drenerrova in a small chapel.`

const CHRONICLE_STORIES = 1200

/** Generates a book of 100,000 words. */
async function chronicle(): Promise<string> {
  const { generateExamples } = await import('../../src/synthetic/examples.ts')
  const chapters = new Map<string, string>()
  const stories = generateExamples({ seed: 1871, split: 'validation', questions: 5 * CHRONICLE_STORIES })
  for (const { context, title } of stories) if (!chapters.has(context)) chapters.set(context, title ?? '')
  return [...chapters].map(([story, title], i) => `${i + 1}. ${title}\n\n${story}`).join('\n\n')
}

export const examples: readonly ExampleText[] = [
  {
    name: 'The lighthouse at Skarn Point',
    about: 'A short history',
    text: async () => LIGHTHOUSE,
    questions: ['Who was the first keeper?', 'How many steps are there?', 'When did the last keeper leave?'],
  },
  {
    name: 'Hesper bread',
    about: 'A recipe',
    text: async () => RECIPE,
    questions: ['How long does the bread keep?', 'At what temperature is it baked first?', 'How much salt is in it?'],
  },
  {
    name: 'Undinghampton and its people',
    about: 'Like the training data of npm start',
    text: async () => TOWNS,
    questions: ['When did the bridge in Undinghampton open?', 'Which firm took over Farinner & Sons?'],
  },
  {
    name: 'A chronicle',
    about: '100,000 words',
    text: chronicle,
    questions: ['What is Drumoport renowned for?', 'Where is Bremeberg & Sons based?'],
  },
]
