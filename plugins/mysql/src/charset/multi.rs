//! Character sets of East Asia, of one to four bytes a character.
//!
//! `encoding_rs` knows them as the web does. A MySQL 9.7 was asked for every code of each: where it converts one to
//! another character, the tables here say so. Codes that it does not know at all are left to `encoding_rs`.

use encoding_rs::{BIG5, DecoderResult, EUC_JP, EUC_KR, Encoding, GB18030, GBK, SHIFT_JIS};

use super::chars;

/// A character set of several bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "named as MySQL names them")]
pub enum Multi {
    Gbk,
    Gb2312,
    Gb18030,
    Big5,
    Sjis,
    Cp932,
    Euckr,
    Ujis,
    Eucjpms,
}

// === impl Multi ===

impl Multi {
    /// The character set of this name.
    #[must_use]
    pub(super) fn of_name(name: &str) -> Option<Self> {
        Some(match name {
            "gbk" => Self::Gbk,
            "gb2312" => Self::Gb2312,
            "gb18030" => Self::Gb18030,
            "big5" => Self::Big5,
            "sjis" => Self::Sjis,
            "cp932" => Self::Cp932,
            "euckr" => Self::Euckr,
            "ujis" => Self::Ujis,
            "eucjpms" => Self::Eucjpms,
            _ => return None,
        })
    }

    fn encoding(self) -> &'static Encoding {
        match self {
            Self::Gbk | Self::Gb2312 => GBK,
            Self::Gb18030 => GB18030,
            Self::Big5 => BIG5,
            Self::Sjis | Self::Cp932 => SHIFT_JIS,
            Self::Euckr => EUC_KR,
            Self::Ujis | Self::Eucjpms => EUC_JP,
        }
    }

    /// Append the text as UTF-8; answers whether all of it was text.
    pub(super) fn decode(self, text: &[u8], out: &mut Vec<u8>) -> bool {
        if matches!(self, Self::Gbk | Self::Cp932 | Self::Euckr) {
            return self.decode_run(text, out);
        }
        let (mut run, mut at, mut whole) = (0, 0, true);
        while at < text.len() {
            let len = self.char_len(&text[at..]);
            let code = text[at..at + len].iter().fold(0, |code, byte| code << 8 | u32::from(*byte));
            if let Some(char) = self.exception(code) {
                whole &= self.decode_run(&text[run..at], out);
                out.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
                run = at + len;
            }
            at += len;
        }
        whole & self.decode_run(&text[run..], out)
    }

    /// Bytes of the first character of a text that is not empty.
    fn char_len(self, text: &[u8]) -> usize {
        let len = match (self, text[0]) {
            (_, 0..0x80) => 1,
            (Self::Sjis, 0xa0..=0xdf) => 1,
            (Self::Ujis | Self::Eucjpms, 0x8f) => 3,
            (Self::Gb18030, _) if text.get(1).is_some_and(u8::is_ascii_digit) => 4,
            _ => 2,
        };
        len.min(text.len())
    }

    /// What `encoding_rs` would decode otherwise.
    fn decode_run(self, mut text: &[u8], out: &mut Vec<u8>) -> bool {
        let mut decoder = self.encoding().new_decoder_without_bom_handling();
        let mut whole = true;
        loop {
            let start = out.len();
            // Three bytes for each at most; memory for more than that is not to be had anyway.
            let most = decoder.max_utf8_buffer_length_without_replacement(text.len()).unwrap_or(text.len());
            out.resize(start + most, 0);
            let (result, read, written) =
                decoder.decode_to_utf8_without_replacement(text, &mut out[start..], true);
            out.truncate(start + written);
            text = &text[read..];
            match result {
                DecoderResult::InputEmpty => return whole,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(..) => {
                    whole = false;
                    out.push(b'?');
                    decoder = self.encoding().new_decoder_without_bom_handling();
                }
            }
        }
    }

    /// The character of a code that `encoding_rs` decodes otherwise or not at all.
    fn exception(self, code: u32) -> Option<char> {
        let in_table = |table: &[(u32, char)]| {
            table.binary_search_by_key(&code, |(code, _)| *code).ok().map(|index| table[index].1)
        };
        match (self, code) {
            (_, 0..0x80) => None,
            (Self::Gb2312, _) => in_table(&GB2312_OWN),
            (Self::Gb18030, _) => in_table(&GB18030_OWN),
            (Self::Sjis, _) => in_table(&SJIS_OWN),
            (Self::Big5, 0xc6a1..=0xc7fc) => {
                let index = big5_index(code)?.checked_sub(big5_index(0xc6a1)?)?;
                BIG5_ETEN.get(index).copied()
            }
            (Self::Big5, _) => in_table(&BIG5_OWN),
            (Self::Eucjpms, 0x8f_f3f3..=0x8f_f4fe) => {
                let index = euc_index(code)?.checked_sub(euc_index(0xf3f3)?)?;
                EUCJPMS_IBM.get(index).copied()
            }
            // Room for the user's own characters, ten rows of each plane.
            (Self::Ujis | Self::Eucjpms, 0xf5a1..=0xfefe) => own_character(code, 0xe000),
            (Self::Ujis | Self::Eucjpms, 0x8f_f5a1..=0x8f_fefe) => own_character(code, 0xe3ac),
            (Self::Ujis, _) => in_table(&UJIS_OWN),
            (Self::Eucjpms, _) => in_table(&EUCJPMS_OWN),
            (Self::Gbk | Self::Cp932 | Self::Euckr, _) => None,
        }
    }
}

/// Rows of 157 codes: trail bytes 40 to 7E, then A1 to FE.
fn big5_index(code: u32) -> Option<usize> {
    let trail = code & 0xff;
    let column = match trail {
        0x40..=0x7e => trail - 0x40,
        0xa1..=0xfe => trail - 0xa1 + 63,
        _ => return None,
    };
    usize::try_from((code >> 8 & 0xff) * 157 + column).ok()
}

/// Rows of 94 codes: trail bytes A1 to FE.
fn euc_index(code: u32) -> Option<usize> {
    let column = (code & 0xff).checked_sub(0xa1).filter(|column| *column < 94)?;
    usize::try_from((code >> 8 & 0xff) * 94 + column).ok()
}

fn own_character(code: u32, first: u32) -> Option<char> {
    let index = euc_index(code)?.checked_sub(euc_index(0xf5a1)?)?;
    char::from_u32(first + u32::try_from(index).ok()?)
}

/// Of the edition of 2005, which later ones moved out of the private use area.
static GB18030_OWN: [(u32, char); 19] = [
    (0xa3a0, '\u{e5e5}'),
    (0xa6d9, '\u{e78d}'),
    (0xa6da, '\u{e78e}'),
    (0xa6db, '\u{e78f}'),
    (0xa6dc, '\u{e790}'),
    (0xa6dd, '\u{e791}'),
    (0xa6de, '\u{e792}'),
    (0xa6df, '\u{e793}'),
    (0xa6ec, '\u{e794}'),
    (0xa6ed, '\u{e795}'),
    (0xa6f3, '\u{e796}'),
    (0xfe59, '\u{e81e}'),
    (0xfe61, '\u{e826}'),
    (0xfe66, '\u{e82b}'),
    (0xfe67, '\u{e82c}'),
    (0xfe6d, '\u{e832}'),
    (0xfe7e, '\u{e843}'),
    (0xfe90, '\u{e854}'),
    (0xfea0, '\u{e864}'),
];

/// As GB 2312 had them.
static GB2312_OWN: [(u32, char); 2] = [(0xa1a4, '・'), (0xa1aa, '―')];

/// As JIS X 0208 has them, where Windows differs.
static SJIS_OWN: [(u32, char); 7] = [
    (0x815f, '\\'),
    (0x8160, '〜'),
    (0x8161, '‖'),
    (0x817c, '−'),
    (0x8191, '¢'),
    (0x8192, '£'),
    (0x81ca, '¬'),
];

/// As JIS X 0208 and 0212 have them, where Windows differs.
static UJIS_OWN: [(u32, char); 8] = [
    (0xa1c0, '\\'),
    (0xa1c1, '〜'),
    (0xa1c2, '‖'),
    (0xa1dd, '−'),
    (0xa1f1, '¢'),
    (0xa1f2, '£'),
    (0xa2cc, '¬'),
    (0x8fa2b7, '~'),
];

/// As the Unicode consortium mapped Big5 in 1994.
static BIG5_OWN: [(u32, char); 18] = [
    (0xa145, '•'),
    (0xa14e, '､'),
    (0xa15a, '\u{fffd}'),
    (0xa1c2, '‾'),
    (0xa1c3, '\u{fffd}'),
    (0xa1c5, '\u{fffd}'),
    (0xa1e3, '∼'),
    (0xa1f2, '♁'),
    (0xa1f3, '☉'),
    (0xa1fe, '\u{fffd}'),
    (0xa240, '\u{fffd}'),
    (0xa241, '／'),
    (0xa242, '＼'),
    (0xa244, '¥'),
    (0xa246, '¢'),
    (0xa247, '£'),
    (0xa2cc, '\u{fffd}'),
    (0xa2ce, '\u{fffd}'),
];

/// ETEN characters: C6A1 to C7FC, without gaps in the trail bytes 40 to 7E and A1 to FE.
static BIG5_ETEN: [char; 249] = chars(
    "ヾゝゞ々ぁあぃいぅうぇえぉおかがきぎくぐけげこごさざしじすずせぜそぞただちぢっつづてでとどなにぬねのはばぱひびぴふぶぷへ\
     べぺほぼぽまみむめもゃやゅゆょよらりるれろゎわゐゑをんァアィイゥウェエォオカガキギクグケゲコゴサザシジスズセゼソゾタダチ\
     ヂッツヅテデトドナニヌネノハバパヒビピフブプヘベペホボポマミムメモャヤュユョヨラリルレロヮワヰヱヲンヴヵヶДЕЁЖЗИЙ\
     КЛМУФХЦЧШЩЪЫЬЭЮЯабвгдеёжзийклмнопрстуфхцчшщъыьэюя①②③④⑤⑥⑦⑧⑨⑩⑴\
     ⑵⑶⑷⑸⑹⑺⑻⑼⑽",
);

/// IBM's characters: 8FF3F3 to 8FF4FE.
static EUCJPMS_IBM: [char; 106] = chars(
    "ⅰⅱⅲⅳⅴⅵⅶⅷⅸⅹⅠⅡⅢⅣⅤⅥⅦⅧⅨⅩ＇＂㈱№℡炻仼僴凬匇匤﨎咊坙﨏塚增寬峵嵓﨑德悅愠敎昻晥晴朗栁﨓﨔橫櫢淸淲瀨凞猪甁\
     皂皞益礰礼神祥福竧靖精綠緖羽荢﨟薰蘒﨡蠇諸譿賴赶﨣﨤逸郞都鄕﨧﨨閒隆﨩霻靍靑飯飼館馞髙魲鶴黑",
);

/// As Windows has it.
static EUCJPMS_OWN: [(u32, char); 1] = [(0x8fa2c3, '￤')];
