"""Text that people give, as Terraform and CDKTF take it for nothing but text."""


def literal(text: str) -> str:
    """Of `${...}` and `%{...}` Terraform would make values: of a file, of another resource. CDKTF would do so of
    `${TfToken[...]}`, its own, also within what is escaped for Terraform, unless a template stands within
    its first word, where no `$` comes before it.

    https://developer.hashicorp.com/terraform/language/expressions/strings#escape-sequences-1
    """
    return text.replace("${", "$${").replace("%{", "%%{").replace("TfToken", 'Tf${"T"}oken')
