//! As much of the crate `proc-macro-error` (RUSTSEC-2024-0370: nobody maintains it) as `static-regular-grammar` calls, while it
//! is compiled into `iref`, which `c2pa` brings. Nothing of it is in a program.

use proc_macro::TokenStream;

/// Marks a macro that may call [`abort!`]. There is nothing to be done for it.
#[proc_macro_attribute]
pub fn proc_macro_error(_: TokenStream, of: TokenStream) -> TokenStream {
    of
}

/// `abort!(span, message)`: ends the macro that calls it with an error at that place. Its crate has `quote`.
#[proc_macro]
pub fn abort(arguments: TokenStream) -> TokenStream {
    let arguments = arguments.to_string();
    let Some((span, message)) = arguments.split_once(',') else {
        return r#"compile_error!("abort! takes a span and a message")"#
            .parse()
            .unwrap_or_default();
    };
    let ending = format!(
        "{{
            let message = ::std::string::ToString::to_string(&({message}));
            let place = {span};
            return ::quote::quote_spanned!(place => ::core::compile_error!(#message);).into();
        }}"
    );
    ending.parse().unwrap_or_default()
}
