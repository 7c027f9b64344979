//! The server's text of a document without its blanks.

/// Append the text without the blanks outside its strings.
pub fn compact(text: &[u8], out: &mut Vec<u8>) {
    let (mut in_string, mut escaped) = (false, false);
    for byte in text {
        if in_string {
            in_string = escaped || *byte != b'"';
            escaped = !escaped && *byte == b'\\';
        } else if *byte == b' ' {
            continue;
        } else {
            in_string = *byte == b'"';
        }
        out.push(*byte);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_within_strings_stay() {
        let mut out = Vec::new();
        compact(br#"{"a b": [1, " \" , \\", {}], "c": " "}"#, &mut out);
        assert_eq!(out, br#"{"a b":[1," \" , \\",{}],"c":" "}"#);
    }
}
