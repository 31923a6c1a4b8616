const OWN_LESSON = "thaw_own_lesson"

/**
 * Keep a lecturer's own lesson in this browser, or tell the server which one is kept.
 * A browser that allows no store keeps nothing; the lesson is then only in a file.
 */
export default function ({ data, setStateValue }) {
  try {
    if (data.text === "") localStorage.removeItem(OWN_LESSON)
    else if (data.text !== null) localStorage.setItem(OWN_LESSON, data.text)
    else {
      const kept = localStorage.getItem(OWN_LESSON)
      if (kept && kept.length <= data.longest) setStateValue("kept", kept)
    }
  } catch (error) {
    console.info("This browser keeps no lesson.", error)
  }
}
