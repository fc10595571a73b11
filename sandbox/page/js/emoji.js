// Slack's shortcodes that cards and staff are likely to use. A code that is not here is shown as typed.

const TABLE = `
+1 👍|-1 👎|100 💯|airplane ✈️|alarm_clock ⏰|ambulance 🚑|anger 💢|angry 😠|arrow_down ⬇️|arrow_left ⬅️|arrow_right ➡️
arrow_up ⬆️|arrows_counterclockwise 🔄|back 🔙|ballot_box_with_check ☑️|bangbang ‼️|bell 🔔|bird 🐦|black_circle ⚫
black_square_button 🔲|blue_heart 💙|blush 😊|bookmark 🔖|bookmark_tabs 📑|books 📚|boom 💥|broken_heart 💔|bulb 💡
bust_in_silhouette 👤|busts_in_silhouette 👥|calendar 📅|chart_with_downwards_trend 📉|chart_with_upwards_trend 📈
checkered_flag 🏁|clap 👏|clipboard 📋|clock1 🕐|clock3 🕒|clock9 🕘|closed_lock_with_key 🔐|cold_sweat 😰|confused 😕
construction 🚧|crescent_moon 🌙|cry 😢|dart 🎯|disappointed 😞|ear 👂|email 📧|envelope ✉️|envelope_with_arrow 📩
exclamation ❗|eye 👁️|eyes 👀|face_with_monocle 🧐|file_folder 📁|fire 🔥|frowning 😦|gear ⚙️|ghost 👻|gift 🎁
globe_with_meridians 🌐|grey_exclamation ❕|grey_question ❔|grin 😁|grinning 😀|handshake 🤝|hash #️⃣|heart ❤️
heavy_check_mark ✔️|heavy_exclamation_mark ❗|heavy_minus_sign ➖|heavy_multiplication_x ✖️|heavy_plus_sign ➕
hourglass ⌛|hourglass_flowing_sand ⏳|house 🏠|inbox_tray 📥|incoming_envelope 📨|information_source ℹ️|joy 😂|key 🔑
label 🏷️|large_blue_circle 🔵|large_green_circle 🟢|large_orange_circle 🟠|large_yellow_circle 🟡|leaves 🍃|link 🔗|lock 🔒
lock_with_ink_pen 🔏|loudspeaker 📢|love_letter 💌|mag 🔍|mag_right 🔎|mailbox 📫|mega 📣|memo 📝|mute 🔇|neutral_face 😐
new 🆕|no_bell 🔕|no_entry ⛔|no_entry_sign 🚫|ok ✅|ok_hand 👌|outbox_tray 📤|page_facing_up 📄|paperclip 📎|pencil ✏️
pencil2 ✏️|people_hugging 🫂|person_raising_hand 🙋|phone ☎️|point_down 👇|point_right 👉|point_up ☝️|pray 🙏|pushpin 📌
question ❓|rage 😡|rainbow 🌈|raised_hand ✋|raised_hands 🙌|raising_hand 🙋|red_circle 🔴|repeat 🔁|robot_face 🤖|rocket 🚀
rotating_light 🚨|round_pushpin 📍|satellite_antenna 📡|scales ⚖️|seedling 🌱|shield 🛡️|ship 🚢|shrug 🤷|shushing_face 🤫
slightly_frowning_face 🙁|slightly_smiling_face 🙂|smile 😄|smiley 😃|snooze 💤|sob 😭|sos 🆘|sparkles ✨|sparkling_heart 💖
speaker 🔈|speech_balloon 💬|star ⭐|star2 🌟|stop_sign 🛑|stopwatch ⏱️|sunny ☀️|sweat 😓|tada 🎉|thinking_face 🤔
thumbsdown 👎|thumbsup 👍|timer_clock ⏲️|trophy 🏆|unamused 😒|unlock 🔓|ticket 🎫|warning ⚠️|wastebasket 🗑️|wave 👋
white_check_mark ✅|white_circle ⚪|white_heart 🤍|wrench 🔧|writing_hand ✍️|x ❌|yellow_heart 💛|zap ⚡|zzz 💤
leftwards_arrow_with_hook ↩️|arrow_right_hook ↪️|left_speech_bubble 🗨️|thought_balloon 💭|twisted_rightwards_arrows 🔀
lower_left_ballpoint_pen 🖊️|card_index_dividers 🗂️|triangular_flag_on_post 🚩|see_no_evil 🙈|heart_eyes 😍|wink 😉
heavy_dollar_sign 💲|credit_card 💳|package 📦|handbag 👜|luggage 🧳|baggage_claim 🛄|train 🚆|bus 🚌|car 🚗|bank 🏦
`;

const SYMBOLS = new Map(
  TABLE.trim()
    .split(/[|\n]/)
    .map((entry) => entry.split(" "))
    .filter((pair) => pair.length === 2),
);

const COUNTRY = /^(?:flag-([a-z]{2})|(gb|uk|us|de|fr|es|it|jp|cn|kr|ru))$/;
const REGIONAL_A = 0x1f1e6;

function flag(code) {
  const match = COUNTRY.exec(code);
  if (!match) return undefined;
  const country = (match[1] ?? match[2]).replace("uk", "gb");
  return String.fromCodePoint(...[...country].map((letter) => REGIONAL_A + letter.charCodeAt(0) - 97));
}

/** The symbol of a shortcode without its colons, or undefined. */
export const emoji = (code) => SYMBOLS.get(code) ?? flag(code);
