"""What Lambda's Node.js runtimes are here: the program that runs a handler, and the AWS SDK that handlers find."""
