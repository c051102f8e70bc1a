variable "anthropic_api_key" {
  type      = string
  sensitive = true
}

resource "github_actions_secret" "claude" {
  for_each        = toset(["one", "two"])
  repository      = each.key
  secret_name     = "ANTHROPIC_API_KEY"
  plaintext_value = var.anthropic_api_key
}
