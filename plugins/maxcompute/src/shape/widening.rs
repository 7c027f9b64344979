//! Which type of a column may become which: changes that keep every value as it was.

use crate::shape::OdpsType;

/// Whether `CHANGE COLUMN` may turn the one type into the other.
///
/// MaxCompute documents these conversions as compatible: a wider integer, FLOAT to DOUBLE, a longer text, an integer to
/// text or to a DECIMAL that has its digits, a DECIMAL with more digits on both sides of the point. Others that it may
/// take, such as DECIMAL to text, do not give the text that the source would send, so they are left out.
#[must_use]
pub fn widens(from: &OdpsType, to: &OdpsType) -> bool {
    use OdpsType as T;
    match (from, to) {
        (T::Float, T::Double) | (T::Char(_) | T::Varchar(_), T::String) => true,
        (T::Char(from) | T::Varchar(from), T::Varchar(to)) | (T::Char(from), T::Char(to)) => from <= to,
        (T::Decimal(from, from_scale), T::Decimal(to, to_scale)) => {
            from_scale <= to_scale && whole(*from, *from_scale) <= whole(*to, *to_scale)
        }
        _ => match (digits(from), digits(to), to) {
            (Some(from), Some(to), _) => from <= to,
            (Some(from), None, T::Decimal(precision, scale)) => from <= whole(*precision, *scale),
            (Some(_), None, T::String) => true,
            _ => false,
        },
    }
}

/// Digits in front of the point.
fn whole(precision: u8, scale: u8) -> u8 {
    precision.saturating_sub(scale)
}

/// Digits of the largest value of an integer type.
fn digits(r#type: &OdpsType) -> Option<u8> {
    match r#type {
        OdpsType::Tinyint => Some(3),
        OdpsType::Smallint => Some(5),
        OdpsType::Int => Some(10),
        OdpsType::Bigint => Some(19),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(from: &str, to: &str) -> bool {
        widens(&OdpsType::parse(from).unwrap(), &OdpsType::parse(to).unwrap())
    }

    #[test]
    fn a_type_becomes_one_that_holds_all_of_its_values() {
        for (from, to) in [
            ("TINYINT", "SMALLINT"),
            ("SMALLINT", "INT"),
            ("TINYINT", "BIGINT"),
            ("INT", "BIGINT"),
            ("FLOAT", "DOUBLE"),
            ("CHAR(3)", "STRING"),
            ("VARCHAR(3)", "STRING"),
            ("VARCHAR(3)", "VARCHAR(4)"),
            ("CHAR(3)", "VARCHAR(3)"),
            ("BIGINT", "STRING"),
            ("BIGINT", "DECIMAL(20,0)"),
            ("INT", "DECIMAL(12,2)"),
            ("DECIMAL(10,2)", "DECIMAL(12,2)"),
            ("DECIMAL(10,2)", "DECIMAL(12,4)"),
        ] {
            assert!(check(from, to), "{from} to {to}");
        }
    }

    #[test]
    fn a_type_becomes_no_narrower_and_no_other_one() {
        for (from, to) in [
            ("BIGINT", "INT"),
            ("DOUBLE", "FLOAT"),
            ("STRING", "VARCHAR(10)"),
            ("STRING", "BIGINT"),
            ("VARCHAR(4)", "VARCHAR(3)"),
            ("VARCHAR(3)", "CHAR(3)"),
            ("INT", "DECIMAL(10,2)"),
            ("DECIMAL(10,2)", "DECIMAL(11,4)"),
            ("DECIMAL(10,2)", "DECIMAL(10,1)"),
            ("DECIMAL(10,2)", "STRING"),
            ("DECIMAL(10,0)", "BIGINT"),
            ("BIGINT", "DOUBLE"),
            ("BOOLEAN", "TINYINT"),
            ("DATE", "TIMESTAMP_NTZ"),
            ("ARRAY<INT>", "ARRAY<BIGINT>"),
        ] {
            assert!(!check(from, to), "{from} to {to}");
        }
    }
}
