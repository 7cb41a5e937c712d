"""The built-in toolkits and the backends they execute on."""
