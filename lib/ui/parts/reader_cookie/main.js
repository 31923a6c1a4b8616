/**
 * Keep the reader's key in a cookie of this browser. If another tab has already set a key, adopt
 * that one.
 */
export default function ({ data, setStateValue }) {
  const begin = `${data.cookie}=`
  const known = document.cookie
    .split("; ")
    .find(each => each.startsWith(begin))
    ?.slice(begin.length)
  if (known === data.key) return
  if (known && new RegExp(`^${data.pattern}$`).test(known)) {
    setStateValue("key", known)
    return
  }
  const secure = location.protocol === "https:" ? "; Secure" : ""
  document.cookie = `${begin}${data.key}; Path=/; Max-Age=${data.seconds}; SameSite=Strict${secure}`
}
