greet() {
  echo "$1 greets with lib @version@"
}
