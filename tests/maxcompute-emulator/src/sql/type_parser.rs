use std::str::FromStr;

use super::cursor::Parser;
use super::token::SqlError;
use crate::schema::{DataType, StructField};

/// Types nested deeper than this are refused, so that no text can exhaust the stack.
const DEEPEST_NESTING: usize = 32;

impl FromStr for DataType {
    type Err = SqlError;

    fn from_str(text: &str) -> Result<Self, SqlError> {
        let mut parser = Parser::new(text)?;
        let data_type = parser.data_type()?;
        if parser.at_end() { Ok(data_type) } else { Err(parser.unexpected("the end of the type")) }
    }
}

impl Parser {
    pub(super) fn data_type(&mut self) -> Result<DataType, SqlError> {
        self.nested_type(0)
    }

    fn nested_type(&mut self, depth: usize) -> Result<DataType, SqlError> {
        let position = self.position();
        let refuse = |message: String| SqlError { position, message };
        if depth > DEEPEST_NESTING {
            return Err(refuse(format!("types may be nested {DEEPEST_NESTING} deep")));
        }
        let name = self.raw_name("a type")?;
        Ok(match name.to_lowercase().as_str() {
            "tinyint" => DataType::TinyInt,
            "smallint" => DataType::SmallInt,
            "int" | "integer" => DataType::Int,
            "bigint" => DataType::BigInt,
            "boolean" => DataType::Boolean,
            "float" => DataType::Float,
            "double" => DataType::Double,
            "string" => DataType::String,
            "binary" => DataType::Binary,
            "json" => DataType::Json,
            "date" => DataType::Date,
            "datetime" => DataType::DateTime,
            "timestamp" => DataType::Timestamp,
            "timestamp_ntz" => DataType::TimestampNtz,
            "interval_day_time" => DataType::IntervalDayTime,
            "interval_year_month" => DataType::IntervalYearMonth,
            "char" => match self.length()? {
                length @ 1..=255 => DataType::Char(length),
                length => return Err(refuse(format!("CHAR({length}): the length must be 1 to 255"))),
            },
            "varchar" => match self.length()? {
                0 => return Err(refuse("VARCHAR(0): the length must be 1 to 65535".to_owned())),
                length => DataType::Varchar(length),
            },
            "decimal" if self.take_symbol('(') => {
                let precision: u8 = self.integer()?;
                let scale = if self.take_symbol(',') { self.integer()? } else { 0 };
                self.symbol(')')?;
                let documented = (1..=38).contains(&precision) && scale <= precision;
                if !documented && (precision, scale) != (54, 18) {
                    return Err(refuse(format!(
                        "DECIMAL({precision},{scale}): the precision must be 1 to 38 and the scale 0 to the precision"
                    )));
                }
                DataType::Decimal { precision, scale }
            }
            "decimal" => DataType::DEFAULT_DECIMAL,
            "array" => {
                self.symbol('<')?;
                let element = self.nested_type(depth + 1)?;
                self.symbol('>')?;
                DataType::Array(Box::new(element))
            }
            "map" => {
                self.symbol('<')?;
                let key = self.nested_type(depth + 1)?;
                self.symbol(',')?;
                let value = self.nested_type(depth + 1)?;
                self.symbol('>')?;
                DataType::Map(Box::new(key), Box::new(value))
            }
            "struct" => {
                self.symbol('<')?;
                let mut fields = Vec::new();
                loop {
                    let name = self.raw_name("a field name")?;
                    self.symbol(':')?;
                    fields.push(StructField { name, data_type: self.nested_type(depth + 1)? });
                    if !self.take_symbol(',') {
                        break;
                    }
                }
                self.symbol('>')?;
                DataType::Struct(fields)
            }
            _ => return Err(refuse(format!("{name} is no type of MaxCompute"))),
        })
    }

    fn length(&mut self) -> Result<u16, SqlError> {
        self.symbol('(')?;
        let length = self.integer()?;
        self.symbol(')')?;
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_is_read_back_from_its_text() {
        for text in [
            "tinyint",
            "smallint",
            "int",
            "bigint",
            "boolean",
            "float",
            "double",
            "string",
            "binary",
            "json",
            "date",
            "datetime",
            "timestamp",
            "timestamp_ntz",
            "interval_day_time",
            "interval_year_month",
            "char(255)",
            "varchar(65535)",
            "decimal(10,0)",
            "decimal(38,18)",
            "decimal",
            "array<map<string,struct<a:int,`b c`:decimal(10,2)>>>",
        ] {
            assert_eq!(text.parse::<DataType>().unwrap().to_string(), text);
            assert!(text.to_uppercase().parse::<DataType>().is_ok(), "{text}");
        }
    }

    #[test]
    fn lengths_out_of_range_and_endless_nesting_are_refused() {
        for text in
            ["char(0)", "char(256)", "varchar(0)", "varchar(65536)", "decimal(39,0)", "decimal(5,6)", "blob"]
        {
            assert!(text.parse::<DataType>().is_err(), "{text}");
        }
        assert!(format!("{}int{}", "array<".repeat(1000), ">".repeat(1000)).parse::<DataType>().is_err());
    }
}
